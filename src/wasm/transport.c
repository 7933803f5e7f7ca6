/* HTTP with emscripten_fetch; see transport.h.
 *
 * emscripten_fetch calls three functions of Emscripten's JavaScript glue. The functions below replace them, for these
 * reasons:
 * - A request that is closed in flight is aborted. With the glue, it writes into freed memory later.
 * - No exception passes through C frames.
 * - A failure to send is reported later, never inside the call.
 * - A redirect is not followed.
 * - A page does not load the glue. js/client/instance.js has what is needed of it. */
#include "wasm/transport.h"

#include <emscripten/fetch.h>
#include <stdlib.h>
#include <string.h>

#include "core/body.h"
#include "wasm/boundary.h"
#include "wasm/strings.h"

static emscripten_fetch_t *in_flight;
static uint32_t request_id;

#define DONE 4 /* of XMLHttpRequest's readyState */

/* A request that is not done would be closed with an error. */
static void close_request(void) {
  emscripten_fetch_t *fetch = in_flight;
  in_flight = NULL;
  fetch->readyState = DONE;
  emscripten_fetch_close(fetch);
}

void wasm_done(int status, char *strings, int form, double expires_in, double expiration, int reason) {
  close_request();
  if (status == 0 || strings == NULL) {
    iauth_fail(&iauth__only_client, request_id, status == 0 ? IAUTH_ERR_NETWORK : IAUTH_ERR_NO_MEMORY);
  } else {
    iauth_response response = {.status = status};
    const char *at = strings;
    for (int i = 0; i < IAUTH_HEADERS; i++) {
      response.headers[i] = at;
      at = next_string(at);
    }
    iauth__body body = {
        .form = (unsigned)form,
        .expires_in = expires_in,
        .expiration = expiration,
        .reason = (iauth_error)reason,
        .message = at,
        .access_token = next_string(at),
    };
    body.apis = apis_of(body.access_token, &body.apis_len);
    iauth__respond(&iauth__only_client, request_id, &response, &body);
  }
  free(strings);
  iauth_run(&iauth__only_client);
}

iauth_error transport_send(const iauth_request *request) {
  emscripten_fetch_attr_t attributes;
  emscripten_fetch_attr_init(&attributes);
  /* With these constants the linker knows all possible methods and attributes, and removes the rest of
   * emscripten_fetch. It could not do so if request->method was copied. */
  memcpy(attributes.requestMethod, request->kind == IAUTH_REQUEST_APIS ? "GET\0" : "POST", 5);
  attributes.attributes = EMSCRIPTEN_FETCH_LOAD_TO_MEMORY | EMSCRIPTEN_FETCH_REPLACE;
  /* Not requestHeaders: emscripten_fetch would copy them, and with them a key and a token. */
  attributes.userData = (void *)request->headers;
  attributes.requestData = request->body;
  attributes.requestDataSize = request->body_len;
  request_id = request->id;
  in_flight = emscripten_fetch(&attributes, request->url);
  return in_flight != NULL ? IAUTH_OK : IAUTH_ERR_NO_MEMORY;
}

void transport_cancel(void) {
  if (in_flight != NULL)
    close_request();
}

/* ---------------------------------------------------------------------------------------------------
 * The functions that emscripten_fetch calls. */

void emscripten_start_fetch(emscripten_fetch_t *fetch) {
  const emscripten_fetch_attr_t *attributes = &fetch->__attributes;
  fetch->id = 1; /* the glue would set it; newer versions of Emscripten release only requests with an id */
  js_send(attributes->requestMethod, fetch->url, fetch->userData, attributes->requestData, IAUTH_BODY_MAX);
}

void _emscripten_fetch_free(unsigned int id) {
  (void)id;
  js_abort();
}

int emscripten_is_main_browser_thread(void) { return 1; }
