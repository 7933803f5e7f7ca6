/* HTTP over emscripten_fetch, so that the browser itself adds Origin. One request at a time, as the
 * core asks for. */
#ifndef IAUTH_WASM_TRANSPORT_H
#define IAUTH_WASM_TRANSPORT_H

#include "core/iauth.h"

/* The one client of a module. */
extern iauth_client iauth__only_client;

/* Starts a request of its; it is completed later by iauth_respond or iauth_fail, then iauth_run. NO_MEMORY: it did not start and no completion follows. */
iauth_error transport_send(const iauth_request *request);

/* Aborts the request in flight, if there is one. No completion follows. */
void transport_cancel(void);

#endif
