/* HTTP with emscripten_fetch. The browser adds Origin. There is one request at a time, because the core sends only
 * one. */
#ifndef IAUTH_WASM_TRANSPORT_H
#define IAUTH_WASM_TRANSPORT_H

#include "core/iauth.h"

/* The only client of a wasm instance. */
extern iauth_client iauth__only_client;

/* Starts a request of that client. Later it is completed by iauth_respond or iauth_fail, and iauth_run is called. After
 * NO_MEMORY, the request has not started and is not completed. */
iauth_error transport_send(const iauth_request *request);

/* Aborts the request in flight, if there is one. It is not completed. */
void transport_cancel(void);

#endif
