/* One HTTP request with libcurl. */
#ifndef NATIVE_TRANSFER_H
#define NATIVE_TRANSFER_H

#include <curl/curl.h>

#include "core/iauth.h"
#include "native/inbenta_auth.h"

typedef struct transfer transfer;

/* Starts `request` in `multi`. `request` must outlive the transfer. NULL if there is no memory. proxy and ca_file as in
 * inbenta_auth_options. */
transfer *transfer_start(CURLM *multi, const iauth_request *request, const char *proxy, const char *ca_file);

/* True if `easy` is the handle of this transfer. */
bool transfer_owns(const transfer *transfer, const CURL *easy);

/* Call it after libcurl completed the transfer. Completes the request in the core by iauth_respond or iauth_fail.
 * Returns why the API was not reached, or OK if it was reached. */
inbenta_auth_error transfer_complete(const transfer *transfer, CURLcode result, iauth_client *client, uint32_t id);

/* Why the API was not reached, in libcurl's words, which may quote the server's certificate. "" if there is nothing to
 * show. */
const char *transfer_problem(const transfer *transfer, CURLcode result);

/* Cancels the transfer if it is in flight, and wipes the received data. `transfer` may be NULL. */
void transfer_free(transfer *transfer);

#endif
