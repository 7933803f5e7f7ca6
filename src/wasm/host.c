/* The browser host: what the core is given here, and what JavaScript calls; see boundary.h.
 *
 * One wasm instance is one client, so that disposing of a client can wipe and drop a whole memory,
 * and a dead instance takes nobody with it. */
#include <stdlib.h>
#include <string.h>

#include "wasm/boundary.h"
#include "wasm/transport.h"

static iauth_client *client;

/* ---------------------------------------------------------------------------------------------------
 * What the core is given. */

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
  return (iauth_time){.mono_ms = (int64_t)js_ask(ASK_MONO_MS), .wall_ms = (int64_t)js_ask(ASK_WALL_MS)};
}

static uint32_t host_random(void *user) {
  (void)user;
  return (uint32_t)js_ask(ASK_RANDOM);
}

static iauth_error host_send(void *user, const iauth_request *request) {
  (void)user;
  if (request->kind != IAUTH_REQUEST_REAUTHORIZE)
    return transport_send(client, request);
  js_tell(MESSAGE_REAUTHORIZE, NULL, request->id);
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
  (void)token; /* that of the last MESSAGE_TOKEN */
  js_tell(MESSAGE_ANSWER, failure, waiter);
}

static void host_event(void *user, const iauth_event *event) {
  (void)user;
  js_tell((int)event->kind, event->token, 0);
}

const iauth_host wasm_host = {NULL,      host_alloc,  host_release, host_now,    host_random,
                              host_send, host_cancel, host_arm,     host_answer, host_event};

/* js/client/core.js reads what is told as it lies here. */
_Static_assert(offsetof(iauth_token, apis) == 4 && offsetof(iauth_token, apis_len) == 8 &&
                   offsetof(iauth_token, expiration) == 16 && offsetof(iauth_token, expires_wall_ms) == 24 &&
                   offsetof(iauth_token, expires_mono_ms) == 32 && offsetof(iauth_token, lifetime_ms) == 40,
               "layout of a token");
_Static_assert(offsetof(iauth_failure, status) == 4 && offsetof(iauth_failure, retryable) == 8 &&
                   offsetof(iauth_failure, attempts) == 12 && offsetof(iauth_failure, retry_after_ms) == 16,
               "layout of a failure");

/* ---------------------------------------------------------------------------------------------------
 * What JavaScript calls. */

static iauth_flow flow_of(int flags) {
#ifndef IAUTH_BROWSER
  if (flags & FLAG_SECRET_FLOW)
    return IAUTH_FLOW_SECRET;
#endif
  return flags & FLAG_TOKEN_FLOW ? IAUTH_FLOW_TOKEN : IAUTH_FLOW_DOMAIN_KEY;
}

int wasm_new(char *strings, int flags, double timeout_ms) {
  const char *api_key = strings + strlen(strings) + 1;
  const iauth_config config = {
      .flow = flow_of(flags),
      .endpoint = strings,
      .api_key = api_key,
      .credential = api_key + strlen(api_key) + 1,
      .timeout_ms = (int64_t)timeout_ms,
      .auto_refresh = flags & FLAG_AUTO_REFRESH,
      .can_reauthorize = flags & FLAG_CAN_REAUTHORIZE,
      .allow_insecure = flags & FLAG_ALLOW_INSECURE,
  };
  iauth_error error = iauth_new(&config, &wasm_host, &client);
  free(strings);
  return error;
}

int wasm_get(uint32_t waiter, double min_validity_ms, double timeout_ms, int force_refresh) {
  const iauth_get_options options = {(int64_t)min_validity_ms, (int64_t)timeout_ms, force_refresh};
  iauth_error error = iauth_get(client, waiter, &options);
  iauth_run(client);
  return error;
}

void wasm_cancel(uint32_t waiter) {
  iauth_cancel(client, waiter);
  iauth_run(client);
}

void wasm_adopt(uint32_t id, char *strings, double expiration, double expires_wall_ms, double lifetime_ms) {
  const char *apis = strings + strlen(strings) + 1, *end = apis;
  while (*end != '\0')
    end += strlen(end) + 1;
  const iauth_token token = {
      .access_token = strings,
      .expiration = expiration,
      .expires_wall_ms = (int64_t)expires_wall_ms,
      .lifetime_ms = (int64_t)lifetime_ms,
      .apis = apis,
      .apis_len = (size_t)(end - apis),
  };
  (void)iauth_adopt_reply(client, id, &token);
  free(strings);
  iauth_run(client);
}

void wasm_fail(uint32_t id, int error) {
  iauth_fail(client, id, (iauth_error)error);
  iauth_run(client);
}

void wasm_invalidate(char *token) {
  iauth_invalidate(client, token);
  free(token);
  iauth_run(client);
}

void wasm_run(int woke) {
  if (woke)
    iauth_wake(client);
  iauth_run(client);
}
