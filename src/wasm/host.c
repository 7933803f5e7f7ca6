/* The browser host: what the core is given here, and what JavaScript calls; see boundary.h.
 *
 * One wasm instance is one client, so that disposing of a client can wipe and drop a whole memory,
 * and a dead instance takes nobody with it. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "wasm/boundary.h"
#include "wasm/transport.h"

static iauth_client *client;
static uint32_t random_state;

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
  double ms[2];
  js_now(ms);
  return (iauth_time){.mono_ms = (int64_t)ms[0], .wall_ms = (int64_t)ms[1]};
}

/* xorshift32: for jitter, where nothing is to be guessed. */
static uint32_t host_random(void *user) {
  (void)user;
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static iauth_error host_send(void *user, const iauth_request *request) {
  (void)user;
  if (request->kind != IAUTH_REQUEST_REAUTHORIZE)
    return transport_send(client, request);
  const double numbers[] = {request->id};
  js_tell(MESSAGE_REAUTHORIZE, numbers);
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

static void tell_failure(int message, uint32_t waiter, const iauth_failure *failure) {
  const double numbers[] = {failure->error,     failure->status,
                            failure->retryable, (double)failure->retry_after_ms,
                            failure->attempts,  waiter};
  js_tell(message, numbers);
}

/* Without a failure the answer is the token of the last MESSAGE_TOKEN. */
static void host_answer(void *user, uint32_t waiter, const iauth_token *token,
                        const iauth_failure *failure) {
  (void)user;
  const iauth_failure none = {0};
  tell_failure(MESSAGE_ANSWER, waiter, token != NULL ? &none : failure);
}

static void tell_token(const iauth_token *token) {
  const double numbers[] = {(double)(uintptr_t)token->access_token,
                            (double)token->access_token_len,
                            token->expiration,
                            (double)token->expires_wall_ms,
                            (double)token->expires_mono_ms,
                            (double)token->lifetime_ms,
                            (double)(uintptr_t)token->apis,
                            (double)token->apis_len};
  js_tell(MESSAGE_TOKEN, numbers);
}

static void tell_quota(const iauth_quota *quota) {
  const double numbers[] = {quota->quota_usage_percent, quota->throttle_usage_percent,
                            (double)quota->quota_reset_s, (double)quota->throttle_reset_s};
  js_tell(MESSAGE_QUOTA, numbers);
}

static void host_event(void *user, const iauth_event *event) {
  (void)user;
  switch (event->kind) {
  case IAUTH_EVENT_TOKEN:
    tell_token(event->token);
    break;
  case IAUTH_EVENT_ERROR:
    tell_failure(MESSAGE_ERROR, 0, event->failure);
    break;
  case IAUTH_EVENT_EXPIRED:
    js_tell(MESSAGE_EXPIRED, NULL);
    break;
  case IAUTH_EVENT_QUOTA:
    tell_quota(event->quota);
    break;
  }
}

/* ---------------------------------------------------------------------------------------------------
 * What JavaScript calls. */

static iauth_flow flow_of(int flags) {
#ifndef IAUTH_BROWSER
  if (flags & FLAG_SECRET_FLOW)
    return IAUTH_FLOW_SECRET;
#endif
  return flags & FLAG_TOKEN_FLOW ? IAUTH_FLOW_TOKEN : IAUTH_FLOW_DOMAIN_KEY;
}

int wasm_new(char *strings, size_t len, int flags, double timeout_ms, uint32_t seed) {
  static const iauth_host host = {NULL,      host_alloc,  host_release, host_now,    host_random,
                                  host_send, host_cancel, host_arm,     host_answer, host_event};
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
  random_state = seed | 1;
  iauth_error error = iauth_new(&config, &host, &client);
  iauth__wipe(strings, len);
  free(strings);
  return error;
}

void wasm_dispose(void) {
  iauth_free(client);
  client = NULL;
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

void wasm_adopt(uint32_t id, char *strings, size_t token_len, size_t apis_len, double expiration,
                double expires_wall_ms, double lifetime_ms) {
  const iauth_token token = {
      .access_token = strings,
      .access_token_len = token_len,
      .expiration = expiration,
      .expires_wall_ms = (int64_t)expires_wall_ms,
      .lifetime_ms = (int64_t)lifetime_ms,
      .apis = apis_len > 0 ? strings + token_len + 1 : NULL,
      .apis_len = apis_len,
  };
  (void)iauth_adopt_reply(client, id, &token);
  iauth__wipe(strings, token_len);
  free(strings);
  iauth_run(client);
}

void wasm_fail(uint32_t id, int error) {
  iauth_fail(client, id, (iauth_error)error);
  iauth_run(client);
}

void wasm_invalidate(char *token, size_t len) {
  iauth_invalidate(client, token, len);
  iauth__wipe(token, len);
  free(token);
  iauth_run(client);
}

void wasm_run(int woke) {
  if (woke)
    iauth_wake(client);
  iauth_run(client);
}
