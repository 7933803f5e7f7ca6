/* HTTP over emscripten_fetch; see transport.h.
 *
 * Both of emscripten_fetch's callbacks go to one completion, because 4xx and 5xx arrive in onerror
 * with body and headers; it decides by status. A request is closed in one place. The part of
 * Emscripten's glue that makes the XMLHttpRequest is ours, library.js, and says what it does
 * differently. */
#include "wasm/transport.h"

#include <emscripten/fetch.h>
#include <string.h>

#include "core/memory.h"

static emscripten_fetch_t *in_flight;
static uint32_t request_id;
static char headers[4096]; /* a longer block is cut, never overrun */

/* emscripten_fetch_close calls onerror again for a request that is not done; nobody wants to hear
 * it. */
static void close_request(void) {
  emscripten_fetch_t *fetch = in_flight;
  in_flight = NULL;
  if (fetch->data != NULL)
    iauth__wipe((void *)fetch->data, (size_t)fetch->numBytes);
  fetch->__attributes.onerror = NULL;
  emscripten_fetch_close(fetch);
}

static void complete(emscripten_fetch_t *fetch) {
  iauth_client *client = fetch->userData;
  if (fetch->status == 0) {
    iauth_fail(client, request_id, IAUTH_ERR_NETWORK);
  } else if (fetch->numBytes > IAUTH_BODY_MAX) {
    iauth_fail(client, request_id, IAUTH_ERR_BODY_TOO_LARGE);
  } else if (fetch->numBytes > 0 && fetch->data == NULL) {
    iauth_fail(client, request_id, IAUTH_ERR_NO_MEMORY);
  } else {
    emscripten_fetch_get_response_headers(fetch, headers, sizeof headers);
    const iauth_response response = {
        .status = fetch->status,
        .headers = headers,
        .headers_len = strlen(headers),
        .body = fetch->data,
        .body_len = (size_t)fetch->numBytes,
    };
    iauth_respond(client, request_id, &response);
  }
  close_request();
  iauth_run(client);
}

/* A body beyond the limit is not waited for: it might never end. */
static void progress(emscripten_fetch_t *fetch) {
  if (fetch->dataOffset <= IAUTH_BODY_MAX)
    return;
  iauth_client *client = fetch->userData;
  close_request();
  iauth_fail(client, request_id, IAUTH_ERR_BODY_TOO_LARGE);
  iauth_run(client);
}

iauth_error transport_send(iauth_client *client, const iauth_request *request) {
  emscripten_fetch_attr_t attributes;
  emscripten_fetch_attr_init(&attributes);
  strcpy(attributes.requestMethod, request->method); /* "GET" or "POST" */
  attributes.attributes = EMSCRIPTEN_FETCH_LOAD_TO_MEMORY | EMSCRIPTEN_FETCH_REPLACE;
  attributes.requestHeaders = request->headers;
  attributes.requestData = request->body;
  attributes.requestDataSize = request->body_len;
  attributes.onsuccess = attributes.onerror = complete;
  attributes.onprogress = progress;
  attributes.userData = client;
  request_id = request->id;
  in_flight = emscripten_fetch(&attributes, request->url);
  return in_flight != NULL ? IAUTH_OK : IAUTH_ERR_NO_MEMORY;
}

void transport_cancel(void) {
  if (in_flight != NULL)
    close_request();
}

/* Emscripten asks its glue for these two; known answers need no crossing of the boundary. */

int emscripten_is_main_browser_thread(void) { return 1; }

/* The memory has a fixed size: an allocation that does not fit fails. */
int emscripten_resize_heap(size_t size) {
  (void)size;
  return 0;
}
