/* The host in a page: the functions that the core calls, and those that JavaScript calls; see boundary.h.
 *
 * Each client has its own wasm instance. So the whole memory is wiped and dropped with the client, and if an instance
 * dies, no other client is affected. */
#include <stdlib.h>
#include <string.h>

#include "wasm/boundary.h"
#include "wasm/memory.h"
#include "wasm/strings.h"
#include "wasm/transport.h"

#define client (&iauth__only_client)

/* ---------------------------------------------------------------------------------------------------
 * The functions that the core calls. */

static void *host_alloc(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void host_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}

static iauth_time host_now(void *user) {
  (void)user;
  return (iauth_time){.mono_ms = (int64_t)js_query(QUERY_MONO_MS), .wall_ms = (int64_t)js_query(QUERY_WALL_MS)};
}

static uint32_t host_random(void *user) {
  (void)user;
  return (uint32_t)js_query(QUERY_RANDOM);
}

static iauth_error host_send(void *user, const iauth_request *request) {
  (void)user;
  if (request->kind != IAUTH_REQUEST_REAUTHORIZE)
    return transport_send(request);
  js_emit(MESSAGE_REAUTHORIZE, NULL, request->id);
  return IAUTH_OK;
}

static void host_cancel(void *user, uint32_t id) {
  (void)user;
  (void)id;
  transport_cancel();
}

static void host_arm(void *user, int64_t delay_ms) {
  (void)user;
  js_arm((double)delay_ms);
}

static void host_answer(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure) {
  (void)user;
  (void)token; /* JavaScript has it from the last MESSAGE_TOKEN */
  js_emit(MESSAGE_ANSWER, failure, waiter);
}

static void host_event(void *user, const iauth_event *event) {
  (void)user;
  js_emit((int)event->kind, event->token, 0);
}

static bool host_may_start(void *user) {
  (void)user;
  return js_query(QUERY_MAY_START) != 0;
}

const iauth_host wasm_host = {NULL,        host_alloc, host_release, host_now,   host_random,   host_send,
                              host_cancel, host_arm,   host_answer,  host_event, host_may_start};

/* js/client/instance.js reads these structs in the memory of wasm. */
#define ASSERT_OFFSET(type, member, offset) _Static_assert(offsetof(type, member) == (offset), "layout of " #type)
ASSERT_OFFSET(iauth_token, access_token, TOKEN_ACCESS_TOKEN);
ASSERT_OFFSET(iauth_token, apis, TOKEN_APIS);
ASSERT_OFFSET(iauth_token, apis_len, TOKEN_APIS_LEN);
ASSERT_OFFSET(iauth_token, expiration, TOKEN_EXPIRATION);
ASSERT_OFFSET(iauth_token, expires_wall_ms, TOKEN_EXPIRES_WALL_MS);
ASSERT_OFFSET(iauth_token, expires_mono_ms, TOKEN_EXPIRES_MONO_MS);
ASSERT_OFFSET(iauth_token, lifetime_ms, TOKEN_LIFETIME_MS);
ASSERT_OFFSET(iauth_failure, error, FAILURE_ERROR);
ASSERT_OFFSET(iauth_failure, status, FAILURE_STATUS);
ASSERT_OFFSET(iauth_failure, retryable, FAILURE_RETRYABLE);
ASSERT_OFFSET(iauth_failure, attempts, FAILURE_ATTEMPTS);
ASSERT_OFFSET(iauth_failure, retry_after_ms, FAILURE_RETRY_AFTER_MS);
ASSERT_OFFSET(iauth_failure, server_message, FAILURE_SERVER_MESSAGE);
_Static_assert((int)MESSAGE_QUOTA == (int)IAUTH_EVENT_QUOTA && (int)MESSAGE_EXPIRED == (int)IAUTH_EVENT_EXPIRED &&
                   (int)MESSAGE_ERROR == (int)IAUTH_EVENT_ERROR && (int)MESSAGE_TOKEN == (int)IAUTH_EVENT_TOKEN,
               "the numbers of events are those of messages");

/* ---------------------------------------------------------------------------------------------------
 * The functions that JavaScript calls. */

static iauth_flow flow_of(int flags) {
#ifndef IAUTH_BROWSER
  if (flags & FLAG_SECRET_FLOW)
    return IAUTH_FLOW_SECRET;
#endif
  return flags & FLAG_TOKEN_FLOW ? IAUTH_FLOW_TOKEN : IAUTH_FLOW_DOMAIN_KEY;
}

/* The client uses the strings as long as it lives. */
int wasm_new(char *strings, int flags, double timeout_ms) {
  const char *api_key = next_string(strings), *credential = next_string(api_key), *name = next_string(credential);
  const iauth_config config = {
      .flow = flow_of(flags),
      .endpoint = strings,
      .api_key = api_key,
      .credential = credential,
      .domain_key_name = name,
      .user_personal_secret = next_string(name),
      .timeout_ms = (int64_t)timeout_ms,
      .auto_refresh = flags & FLAG_AUTO_REFRESH,
      .can_reauthorize = flags & FLAG_CAN_REAUTHORIZE,
      .allow_insecure = flags & FLAG_ALLOW_INSECURE,
  };
  iauth_client *made; /* it is `client` */
  iauth_error error = iauth_new(&config, &wasm_host, &made);
  if (error != IAUTH_OK)
    free(strings);
  return error;
}

/* Bytes of memory that callers leave free, so that the longest response of the API always has room. Reading a response
 * takes twice its length. */
#define RESPONSE_RESERVE (160 * 1024)

int wasm_get(uint32_t waiter, double min_validity_ms, double timeout_ms, int force_refresh, int needs_apis) {
  const iauth_get_options options = {(int64_t)min_validity_ms, (int64_t)timeout_ms, force_refresh, needs_apis};
  iauth_error error = has_room(RESPONSE_RESERVE) ? iauth_get(client, waiter, &options) : IAUTH_ERR_NO_MEMORY;
  iauth_run(client);
  return error;
}

void wasm_cancel(uint32_t waiter) {
  iauth_cancel(client, waiter);
  iauth_run(client);
}

void wasm_use(void) {
  iauth_use(client);
  iauth_run(client);
}

/* A remaining lifetime from JavaScript: -1 if it is -1 or NaN, which mean unknown; 0 if it is negative. */
static int64_t checked_left_ms(double ms) { return ms == -1 || ms != ms ? -1 : ms > 0 ? (int64_t)ms : 0; }

int wasm_adopt(uint32_t id, char *strings, double expiration, double expires_wall_ms, double lifetime_ms,
               double left_ms) {
  if (strings == NULL) {
    iauth_fail(client, id, IAUTH_ERR_NO_MEMORY);
    iauth_run(client);
    return IAUTH_ERR_NO_MEMORY;
  }
  iauth_token token = {
      .access_token = strings,
      .expiration = expiration,
      .expires_wall_ms = (int64_t)expires_wall_ms,
      .lifetime_ms = (int64_t)lifetime_ms,
      .left_ms = checked_left_ms(left_ms),
  };
  token.apis = apis_of(strings, &token.apis_len);
  iauth_error error = iauth_adopt_reply(client, id, &token);
  free(strings);
  iauth_run(client);
  return error;
}

void wasm_sibling_failed(int error, int status, double retry_after_ms, int attempts, char *message) {
  const iauth_failure failure = {
      .error = (iauth_error)error,
      .status = status,
      .retry_after_ms = (int64_t)retry_after_ms,
      .attempts = attempts,
      .server_message = message,
  };
  iauth_sibling_failed(client, &failure);
  free(message);
  iauth_run(client);
}

void wasm_fail(uint32_t id, int error) {
  iauth_fail(client, id, (iauth_error)error);
  iauth_run(client);
}

void wasm_invalidate(char *token) {
  if (token != NULL)
    iauth_invalidate(client, token);
  free(token);
  iauth_run(client);
}

void wasm_run(int woke) {
  if (woke)
    iauth_wake(client);
  iauth_run(client);
}
