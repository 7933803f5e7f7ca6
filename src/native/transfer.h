/* One HTTP request by libcurl. */
#ifndef NATIVE_TRANSFER_H
#define NATIVE_TRANSFER_H

#include <curl/curl.h>

#include "core/iauth.h"
#include "native/inbenta_auth.h"

typedef struct transfer transfer;

/* Starts `request`, which must outlive the transfer, in `multi`. NULL: there is no memory. proxy
 * and ca_file as in inbenta_auth_options. */
transfer *transfer_start(CURLM *multi, const iauth_request *request, const char *proxy, const char *ca_file);

/* Whether `easy` is its handle. */
bool transfer_owns(const transfer *transfer, const CURL *easy);

/* After libcurl is done with it: completes the request at the core by iauth_respond or iauth_fail.
 * Returns why the API was not reached, or OK if it was. */
inbenta_auth_error transfer_complete(const transfer *transfer, CURLcode result, iauth_client *client, uint32_t id);

/* Aborts it, if it is under way, and wipes what came. NULL is fine. */
void transfer_free(transfer *transfer);

#endif
