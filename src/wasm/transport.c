/* HTTP over emscripten_fetch; see transport.h.
 *
 * emscripten_fetch calls three functions of Emscripten's JavaScript glue. They are replaced below,
 * for these reasons: a request that is closed in flight is aborted, instead of writing into freed
 * memory later; nothing throws through C frames; a failure to send is reported later, never inside
 * the call; a redirect counts as no answer; and a page loads no glue at all (js/client/instance.js has
 * what it needs). */
#include "wasm/transport.h"

#include <emscripten/fetch.h>
#include <stdlib.h>
#include <string.h>

#include "core/body.h"
#include "wasm/boundary.h"
#include "wasm/strings.h"

static emscripten_fetch_t *in_flight;
static uint32_t request_id;

/* emscripten_fetch_close calls onerror for a request that is not done; there is none, as nobody
 * wants to hear it. */
static void close_request(void) {
  emscripten_fetch_t *fetch = in_flight;
  in_flight = NULL;
  emscripten_fetch_close(fetch);
}

/* What the answer that wasm_done hands on says. JavaScript read its body. */
static iauth__body answer;

iauth_error iauth__body_init(iauth__body *body, const iauth_host *host, const iauth_response *response) {
  (void)host, (void)response;
  *body = answer;
  return IAUTH_OK;
}

void iauth__body_clean_up(iauth__body *body, const iauth_host *host) { (void)host, (void)body; }

void wasm_done(int status, char *strings, int form, double expires_in, double expiration, int reason) {
  close_request();
  if (status == 0 || strings == NULL) {
    iauth_fail(&iauth__only_client, request_id, status == 0 ? IAUTH_ERR_NETWORK : IAUTH_ERR_NO_MEMORY);
  } else {
    iauth_response response = {.status = status};
    const char *at = strings;
    for (int i = 0; i < IAUTH_HEADERS; i++) {
      response.headers[i] = at;
      at = behind(at);
    }
    answer = (iauth__body){
        .form = (unsigned)form,
        .expires_in = expires_in,
        .expiration = expiration,
        .reason = (iauth_error)reason,
        .sentence = at,
        .access_token = behind(at),
    };
    answer.apis = apis_of(answer.access_token, &answer.apis_len);
    iauth_respond(&iauth__only_client, request_id, &response);
  }
  free(strings);
  iauth_run(&iauth__only_client);
}

iauth_error transport_send(const iauth_request *request) {
  emscripten_fetch_attr_t attributes;
  emscripten_fetch_attr_init(&attributes);
  /* Not request->method by strcpy: so the linker knows what is in there, and leaves out of
   * emscripten_fetch what is not asked for. */
  memcpy(attributes.requestMethod, request->kind == IAUTH_REQUEST_APIS ? "GET\0" : "POST", 5);
  attributes.attributes = EMSCRIPTEN_FETCH_LOAD_TO_MEMORY | EMSCRIPTEN_FETCH_REPLACE;
  attributes.requestHeaders = request->headers;
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
 * What emscripten_fetch asks its glue for. */

void emscripten_start_fetch(emscripten_fetch_t *fetch) {
  const emscripten_fetch_attr_t *attributes = &fetch->__attributes;
  fetch->id = 1; /* the glue numbers requests; without a number, newer versions of Emscripten do not release them */
  js_send(attributes->requestMethod, fetch->url, attributes->requestHeaders, attributes->requestData, IAUTH_BODY_MAX);
}

void _emscripten_fetch_free(unsigned int id) {
  (void)id;
  js_abort();
}

int emscripten_is_main_browser_thread(void) { return 1; }
