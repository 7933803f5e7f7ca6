/* The state machine: one token, one request at a time, a list of waiting callers.
 *
 * Inputs only record what happened; iauth_run decides. That makes every path a short function over
 * the recorded state, and no caller is told anything while a decision is half made.
 *
 * Ownership: the client owns its copies of the configuration, its token, the request in flight and
 * its waiters. A token that is replaced while callbacks run is kept until the run ends, because an
 * answer may still point at it. */
#include "core/iauth.h"

#include <string.h>

#include "core/credential.h"
#include "core/endpoint.h"
#include "core/memory.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/response.h"

#define DEFAULT_ENDPOINT "https://api.inbenta.io/v1"

struct token {
  struct token *next; /* in the list of retired tokens */
  iauth_token public; /* its strings are owned */
  int64_t refresh_when_ms;
};

struct waiter {
  struct waiter *next;
  uint32_t id;
  uint32_t token_serial; /* how many tokens there had been when the caller asked */
  bool force_refresh;
  bool cancelled;
  int64_t min_validity_ms;
  int64_t asked_mono_ms;
  int64_t deadline_mono_ms;
  const iauth_token *token; /* its answer, once it is swapped out */
  iauth_failure failure;
};

/* How a failure is dealt with. */
typedef enum {
  TRANSIENT, /* network, timeout, 429, 5xx: tried again for those who wait */
  GARBLED,   /* an answer nobody can use: callers are told, the background tries again */
  REFUSED    /* definitive: nothing is tried until somebody asks again */
} failure_kind;

struct iauth_client {
  iauth_host host;
  iauth_flow flow;
  bool auto_refresh, can_reauthorize;
  int64_t timeout_ms;
  char *endpoint, *api_key, *credential;

  struct token *token;   /* NULL if there is none */
  struct token *retired; /* freed when the run ends */
  uint32_t serial;       /* tokens so far */
  bool wanted;           /* somebody asked once, so the background may keep it fresh */
  bool refresh_refused;

  struct waiter *waiting, **waiting_end;

  iauth__request request; /* the one in flight; its id is the generation */
  bool in_flight;
  iauth_time started;
  uint32_t generation;
  int64_t next_start_mono_ms; /* the minimum interval ends here */

  iauth_failure failure; /* the last one since the last token; error 0 if none */
  failure_kind failure_kind;
  int64_t failed_mono_ms;
  bool server_ordered;        /* the wait is the server's wish, not ours */
  int64_t demand_mono_ms;     /* the next try for a caller … */
  int64_t background_mono_ms; /* … and without one */

  bool tell_token, tell_error, tell_expired, tell_quota;
  iauth_failure told_failure;
  iauth_quota quota;

  int64_t mono_offset_ms, last_mono_ms;
  bool running, again;
};

/* ---------------------------------------------------------------------------------------------------
 * Clocks. */

/* The clocks as handed in, but the monotonic one is made to be so: where it jumps back, it goes on
 * from where it was. Otherwise every wait would be as much longer as the jump. */
static iauth_time clock_of(iauth_client *client) {
  iauth_time now = client->host.now(client->host.user);
  now.mono_ms += client->mono_offset_ms;
  if (now.mono_ms < client->last_mono_ms) {
    client->mono_offset_ms += client->last_mono_ms - now.mono_ms;
    now.mono_ms = client->last_mono_ms;
  }
  client->last_mono_ms = now.mono_ms;
  return now;
}

/* What is left of a token: the more pessimistic clock wins. */
static int64_t remaining_ms(const struct token *token, iauth_time now) {
  return iauth__min(token->public.expires_mono_ms - now.mono_ms,
                    token->public.expires_wall_ms - now.wall_ms);
}

/* ---------------------------------------------------------------------------------------------------
 * The token. */

static void token_free(iauth_client *client, struct token *token) {
  iauth__wipe_release(&client->host, (char *)token->public.access_token,
                      token->public.access_token_len);
  iauth__wipe_release(&client->host, (char *)token->public.apis, token->public.apis_len);
  iauth__wipe_release(&client->host, token, sizeof *token);
}

static void free_retired(iauth_client *client) {
  while (client->retired != NULL) {
    struct token *next = client->retired->next;
    token_free(client, client->retired);
    client->retired = next;
  }
}

static void retire_token(iauth_client *client) {
  if (client->token == NULL)
    return;
  client->token->next = client->retired;
  client->retired = client->token;
  client->token = NULL;
  client->tell_token = false;
}

static void drop_token(iauth_client *client) {
  if (client->token != NULL)
    client->tell_expired = true;
  retire_token(client);
}

/* Makes a token current. Its strings become the client's. Without apis of its own it keeps the ones
 * known so far: /refreshToken does not send them. */
static iauth_error set_token(iauth_client *client, iauth_token *fresh) {
  struct token *made = iauth__alloc(&client->host, sizeof *made);
  if (made == NULL)
    return IAUTH_ERR_NO_MEMORY;
  if (fresh->apis == NULL && client->token != NULL) {
    fresh->apis = client->token->public.apis;
    fresh->apis_len = client->token->public.apis_len;
    if (fresh->apis != NULL) {
      fresh->apis = iauth__copy(&client->host, fresh->apis, fresh->apis_len);
      if (fresh->apis == NULL) {
        client->host.release(client->host.user, made);
        return IAUTH_ERR_NO_MEMORY;
      }
    }
  }
  made->public = *fresh;
  made->refresh_when_ms =
      iauth__refresh_when_ms(fresh->lifetime_ms, client->host.random(client->host.user));
  retire_token(client);
  client->token = made;
  client->serial++;
  client->tell_token = true;
  client->tell_expired = client->tell_error = false;
  client->refresh_refused = false;
  client->failure = (iauth_failure){0};
  return IAUTH_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Failures. */

static failure_kind kind_of(iauth_error error) {
  switch (error) {
  case IAUTH_ERR_NETWORK:
  case IAUTH_ERR_TIMEOUT:
  case IAUTH_ERR_RATE_LIMITED:
  case IAUTH_ERR_SERVER_ERROR:
  case IAUTH_ERR_NO_MEMORY:
    return TRANSIENT;
  case IAUTH_ERR_INVALID_CONFIG: /* a reauthorize callback reports a mistake in the page */
  case IAUTH_ERR_ORIGIN_NOT_ALLOWED:
  case IAUTH_ERR_CREDENTIALS_REJECTED:
  case IAUTH_ERR_KEY_REVOKED:
  case IAUTH_ERR_TOKEN_EXPIRED:
    return REFUSED;
  default:
    return GARBLED;
  }
}

static void end_request(iauth_client *client) {
  iauth__request_clean_up(&client->request, &client->host);
  client->in_flight = false;
}

/* Records that an attempt failed and works out the two waits. */
static void record_failure(iauth_client *client, iauth_error error, int status,
                           int64_t retry_after_ms, iauth_time now) {
  failure_kind kind = kind_of(error);
  client->failure.attempts++;
  uint32_t random = client->host.random(client->host.user);
  int64_t backoff = iauth__backoff_ms(client->failure.attempts, random);
  int64_t background = iauth__background_backoff_ms(client->failure.attempts, random);
  int64_t demand = retry_after_ms > 0 ? iauth__min(retry_after_ms, IAUTH__BACKOFF_MAX_MS)
                                      : iauth__min(backoff, IAUTH__REFUSAL_CACHE_MS);
  if (kind != TRANSIENT)
    demand = iauth__max(demand, IAUTH__REFUSAL_CACHE_MS);
  client->failure.error = error;
  client->failure.status = status;
  client->failure.retryable = kind == TRANSIENT;
  client->failure_kind = kind;
  client->failed_mono_ms = now.mono_ms;
  client->server_ordered = retry_after_ms > 0;
  client->demand_mono_ms = now.mono_ms + demand;
  /* Not all at the very moment that the server named to all. */
  client->background_mono_ms = now.mono_ms + retry_after_ms + background;
  client->tell_error = true;
  if (kind == REFUSED)
    drop_token(client);
}

/* After a failure: when the next try for a caller may start. */
static int64_t next_try_mono_ms(const iauth_client *client) {
  return iauth__max(client->demand_mono_ms, client->next_start_mono_ms);
}

/* The failure as a caller sees it now. */
static iauth_failure failure_at(const iauth_client *client, iauth_time now) {
  iauth_failure failure = client->failure;
  failure.retry_after_ms = iauth__max(0, next_try_mono_ms(client) - now.mono_ms);
  return failure;
}

/* The request in flight failed. */
static void fail_request(iauth_client *client, iauth_error error, int status,
                         int64_t retry_after_ms) {
  iauth_time now = clock_of(client);
  iauth_request_kind kind = client->request.public.kind;
  end_request(client);
  if (kind == IAUTH_REQUEST_APIS)
    return; /* the token is good without them; the next one brings another chance */
  if (kind == IAUTH_REQUEST_REFRESH && kind_of(error) == REFUSED && error != IAUTH_ERR_KEY_REVOKED)
    client->refresh_refused = true; /* nobody is told yet: /auth decides */
  else
    record_failure(client, error, status, retry_after_ms, now);
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

static void start_request(iauth_client *client, iauth_request_kind kind, iauth_time now) {
  const iauth__identity identity = {client->endpoint, client->api_key, client->credential,
                                    client->flow};
  const char *access_token = client->token != NULL ? client->token->public.access_token : NULL;
  client->generation += 2; /* odd, so that 0 never names a request */
  client->in_flight = true;
  client->started = now;
  if (kind != IAUTH_REQUEST_APIS)
    client->next_start_mono_ms = now.mono_ms + IAUTH__MIN_INTERVAL_MS;
  iauth_error error = iauth__request_init(&client->request, &client->host, &identity, kind,
                                          client->generation, access_token);
  if (error == IAUTH_OK)
    error = client->host.send(client->host.user, &client->request.public);
  if (error != IAUTH_OK) {
    client->request.public.kind = kind;
    fail_request(client, error, 0, 0);
  }
}

/* Takes the grant of a 200. */
static iauth_error take_grant(iauth_client *client, iauth__grant *grant) {
  if (client->request.public.kind == IAUTH_REQUEST_APIS) {
    if (client->token != NULL) {
      iauth__wipe_release(&client->host, (char *)client->token->public.apis,
                          client->token->public.apis_len);
      client->token->public.apis = grant->apis;
      client->token->public.apis_len = grant->apis_len;
      grant->apis = NULL;
      client->tell_token = true;
    }
    return IAUTH_OK;
  }
  iauth_time now = clock_of(client);
  iauth_token fresh = {
      .access_token = grant->access_token,
      .access_token_len = grant->access_token_len,
      .expiration = grant->expiration,
      .expires_wall_ms = client->started.wall_ms + grant->expires_in_ms,
      .expires_mono_ms = client->started.mono_ms + grant->expires_in_ms,
      .lifetime_ms = grant->expires_in_ms,
      .apis = grant->apis,
      .apis_len = grant->apis_len,
  };
  if (fresh.expiration == 0)
    fresh.expiration = (double)(fresh.expires_wall_ms / 1000);
  if (fresh.expires_mono_ms <= now.mono_ms || fresh.expires_wall_ms <= now.wall_ms)
    return IAUTH_ERR_TIMEOUT; /* the answer took longer than the token lives */
  iauth_error error = set_token(client, &fresh);
  if (error == IAUTH_OK)
    memset(grant, 0, sizeof *grant);
  return error;
}

void iauth_respond(iauth_client *client, uint32_t id, const iauth_response *response) {
  if (!client->in_flight || id != client->request.public.id)
    return;
  if (iauth__check_quota(response, &client->quota))
    client->tell_quota = true;
  iauth_request_kind kind = client->request.public.kind;
  iauth_error error;
  if (response->status == 200) {
    iauth__grant grant;
    error = iauth__check_grant(&client->host, kind, response, &grant);
    if (error == IAUTH_OK) {
      error = take_grant(client, &grant);
      iauth__grant_clean_up(&grant, &client->host);
    }
  } else {
    error = iauth__check_refusal(kind, client->flow, response);
  }
  if (error != IAUTH_OK) {
    int64_t wall_ms = clock_of(client).wall_ms;
    fail_request(client, error, response->status, iauth__retry_after_ms(response, wall_ms));
    return;
  }
  end_request(client);
  if (kind != IAUTH_REQUEST_APIS && client->token->public.apis == NULL)
    start_request(client, IAUTH_REQUEST_APIS, clock_of(client));
}

void iauth_fail(iauth_client *client, uint32_t id, iauth_error error) {
  if (client->in_flight && id == client->request.public.id)
    fail_request(client, error, 0, 0);
}

/* ---------------------------------------------------------------------------------------------------
 * Callers. */

iauth_error iauth_get(iauth_client *client, uint32_t id, const iauth_get_options *options) {
  struct waiter *joined = iauth__alloc(&client->host, sizeof *joined);
  if (joined == NULL)
    return IAUTH_ERR_NO_MEMORY;
  iauth_time now = clock_of(client);
  int64_t timeout = options->timeout_ms > 0 ? options->timeout_ms : IAUTH__TIMEOUT_MS;
  *joined = (struct waiter){
      .id = id,
      .token_serial = client->serial,
      .force_refresh = options->force_refresh,
      .min_validity_ms = iauth__max(0, options->min_validity_ms),
      .asked_mono_ms = now.mono_ms,
      .deadline_mono_ms = now.mono_ms + iauth__min(timeout, IAUTH__LIFETIME_MAX_MS),
  };
  *client->waiting_end = joined;
  client->waiting_end = &joined->next;
  client->wanted = true;
  return IAUTH_OK;
}

void iauth_cancel(iauth_client *client, uint32_t id) {
  for (struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next)
    if (waiter->id == id)
      waiter->cancelled = true;
}

/* Whether the current token is what this caller asked for. */
static bool is_satisfied(const iauth_client *client, const struct waiter *waiter, iauth_time now) {
  if (client->token == NULL)
    return false;
  if (client->in_flight && client->request.public.kind == IAUTH_REQUEST_APIS)
    return false; /* a moment more and the answer has its apis */
  if (client->serial != waiter->token_serial)
    return true; /* obtained since: there is no better one to be had */
  return !waiter->force_refresh &&
         remaining_ms(client->token, now) >=
             iauth__enough_ms(waiter->min_validity_ms, client->token->public.lifetime_ms);
}

/* What this caller is told if it must be told something now; error 0 if it may wait on. */
static iauth_failure verdict(const iauth_client *client, const struct waiter *waiter,
                             iauth_time now) {
  bool failed = client->failure.error != IAUTH_OK;
  if (waiter->cancelled)
    return (iauth_failure){.error = IAUTH_ERR_ABORTED};
  if (failed && !client->in_flight && now.mono_ms < next_try_mono_ms(client) &&
      (!client->failure.retryable || waiter->deadline_mono_ms < next_try_mono_ms(client)))
    return failure_at(client, now);
  if (now.mono_ms >= waiter->deadline_mono_ms) {
    if (failed && client->failed_mono_ms >= waiter->asked_mono_ms)
      return failure_at(client, now);
    return (iauth_failure){
        .error = IAUTH_ERR_TIMEOUT, .retryable = true, .attempts = client->failure.attempts};
  }
  return (iauth_failure){0};
}

/* Decides about one caller. True if it has its answer. */
static bool settle(const iauth_client *client, struct waiter *waiter, iauth_time now) {
  if (!waiter->cancelled && is_satisfied(client, waiter, now)) {
    waiter->token = &client->token->public;
    return true;
  }
  waiter->failure = verdict(client, waiter, now);
  if (waiter->failure.error == IAUTH_OK)
    return false;
  /* Rather the token that is there, as long as it is valid at all, than an error. */
  if (client->token != NULL && !waiter->cancelled &&
      (!waiter->force_refresh || client->serial != waiter->token_serial))
    waiter->token = &client->token->public;
  return true;
}

/* Swaps out everybody who has an answer, then tells them: a caller told may ask again at once. */
static void answer_waiters(iauth_client *client, iauth_time now) {
  struct waiter *told = NULL, **told_end = &told, **link = &client->waiting;
  while (*link != NULL) {
    struct waiter *waiter = *link;
    if (!settle(client, waiter, now)) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->next = NULL;
    *told_end = waiter;
    told_end = &waiter->next;
  }
  client->waiting_end = link;
  while (told != NULL) {
    struct waiter *waiter = told;
    told = waiter->next;
    client->host.answer(client->host.user, waiter->id, waiter->token,
                        waiter->token != NULL ? NULL : &waiter->failure);
    client->host.release(client->host.user, waiter);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Tokens from elsewhere, and news. */

/* Takes an offered token: always as the answer to our own question, else if it outlives the current
 * one. */
static iauth_error take_offer(iauth_client *client, const iauth_token *offered, bool is_reply) {
  iauth_time now = clock_of(client);
  if (!iauth__is_credential(offered->access_token, offered->access_token_len))
    return IAUTH_ERR_BAD_TOKEN;
  int64_t left = iauth__min(offered->expires_wall_ms - now.wall_ms, IAUTH__LIFETIME_MAX_MS);
  if (left <= 0)
    return IAUTH_ERR_BAD_EXPIRES_IN;
  if (!is_reply && client->token != NULL && remaining_ms(client->token, now) >= left)
    return IAUTH_OK;
  iauth_token fresh = {
      .access_token_len = offered->access_token_len,
      .expiration = offered->expiration,
      .expires_wall_ms = now.wall_ms + left,
      .expires_mono_ms = now.mono_ms + left,
      .lifetime_ms = iauth__max(left, iauth__min(offered->lifetime_ms, IAUTH__LIFETIME_MAX_MS)),
      .apis_len = offered->apis_len,
  };
  iauth_error error = IAUTH_ERR_NO_MEMORY;
  fresh.access_token = iauth__copy(&client->host, offered->access_token, fresh.access_token_len);
  if (offered->apis != NULL)
    fresh.apis = iauth__copy(&client->host, offered->apis, fresh.apis_len);
  if (fresh.access_token != NULL && (offered->apis == NULL || fresh.apis != NULL))
    error = set_token(client, &fresh);
  if (error != IAUTH_OK) {
    iauth__wipe_release(&client->host, (char *)fresh.access_token, fresh.access_token_len);
    if (offered->apis != NULL)
      iauth__wipe_release(&client->host, (char *)fresh.apis, fresh.apis_len);
  }
  return error;
}

iauth_error iauth_adopt(iauth_client *client, const iauth_token *offered) {
  return take_offer(client, offered, false);
}

iauth_error iauth_adopt_reply(iauth_client *client, uint32_t id, const iauth_token *offered) {
  bool is_reply = client->in_flight && id == client->request.public.id;
  iauth_error error = take_offer(client, offered, is_reply);
  if (is_reply) {
    if (error != IAUTH_OK)
      fail_request(client, error, 0, 0);
    else
      end_request(client);
  }
  return error;
}

void iauth_invalidate(iauth_client *client, const char *access_token, size_t len) {
  if (client->token != NULL && len == client->token->public.access_token_len &&
      memcmp(access_token, client->token->public.access_token, len) == 0)
    drop_token(client);
}

void iauth_wake(iauth_client *client) {
  if (client->failure.error == IAUTH_OK || client->failure_kind == REFUSED ||
      client->server_ordered)
    return;
  client->demand_mono_ms = client->background_mono_ms = client->last_mono_ms;
}

const iauth_token *iauth_current(iauth_client *client, int64_t min_validity_ms) {
  if (client->token == NULL)
    return NULL;
  int64_t left = remaining_ms(client->token, clock_of(client));
  int64_t enough = iauth__enough_ms(min_validity_ms, client->token->public.lifetime_ms);
  return left > 0 && left >= enough ? &client->token->public : NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * The run. */

static void notice_time(iauth_client *client, iauth_time now) {
  if (client->token != NULL && remaining_ms(client->token, now) <= 0)
    drop_token(client);
  if (client->in_flight && now.mono_ms >= client->started.mono_ms + client->timeout_ms) {
    client->host.cancel(client->host.user, client->request.public.id);
    fail_request(client, IAUTH_ERR_TIMEOUT, 0, 0);
  }
}

static void tell(iauth_client *client, iauth_event event) {
  client->host.event(client->host.user, &event);
}

/* Events come before answers: a caller who is told finds the token already known. */
static void tell_events(iauth_client *client, iauth_time now) {
  if (client->tell_quota) {
    client->tell_quota = false;
    tell(client, (iauth_event){.kind = IAUTH_EVENT_QUOTA, .quota = &client->quota});
  }
  if (client->tell_expired) {
    client->tell_expired = false;
    tell(client, (iauth_event){.kind = IAUTH_EVENT_EXPIRED});
  }
  if (client->tell_error) {
    iauth_failure failure = failure_at(client, now);
    client->tell_error = false;
    tell(client, (iauth_event){.kind = IAUTH_EVENT_ERROR, .failure = &failure});
  }
  if (client->tell_token) {
    client->tell_token = false;
    tell(client, (iauth_event){.kind = IAUTH_EVENT_TOKEN, .token = &client->token->public});
  }
}

/* When the next token request is wanted, but for the minimum interval; INT64_MAX if none is. */
static int64_t wanted_mono_ms(const iauth_client *client, iauth_time now) {
  bool failed = client->failure.error != IAUTH_OK;
  if (client->waiting != NULL)
    return failed ? client->demand_mono_ms : now.mono_ms;
  if (!client->auto_refresh || !client->wanted || (failed && client->failure_kind == REFUSED))
    return INT64_MAX;
  if (failed)
    return client->background_mono_ms;
  if (client->token == NULL)
    return now.mono_ms;
  return now.mono_ms + remaining_ms(client->token, now) - client->token->refresh_when_ms;
}

static int64_t due_mono_ms(const iauth_client *client, iauth_time now) {
  return iauth__max(wanted_mono_ms(client, now), client->next_start_mono_ms);
}

/* Starts what is due. Nothing is asked of the network where no request can help. */
static void start_due(iauth_client *client, iauth_time now) {
  if (client->in_flight || due_mono_ms(client, now) > now.mono_ms)
    return;
  if (client->token != NULL && !client->refresh_refused)
    start_request(client, IAUTH_REQUEST_REFRESH, now);
  else if (client->flow != IAUTH_FLOW_TOKEN)
    start_request(client, IAUTH_REQUEST_AUTH, now);
  else if (client->can_reauthorize)
    start_request(client, IAUTH_REQUEST_REAUTHORIZE, now);
  else
    record_failure(client, IAUTH_ERR_TOKEN_EXPIRED, 0, 0, now);
}

/* How long until something is to be decided; negative if nothing ever will be. */
static int64_t next_delay_ms(const iauth_client *client, iauth_time now) {
  int64_t next = INT64_MAX;
  if (client->in_flight)
    next = client->started.mono_ms + client->timeout_ms;
  else
    next = due_mono_ms(client, now);
  for (const struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next)
    next = iauth__min(next, waiter->deadline_mono_ms);
  if (client->token != NULL)
    next = iauth__min(next, now.mono_ms + remaining_ms(client->token, now));
  if (next == INT64_MAX)
    return -1;
  return iauth__min(iauth__max(0, next - now.mono_ms), IAUTH__NAP_MAX_MS);
}

/* Whether there is news that this run has not told yet. */
static bool has_news(const iauth_client *client) {
  return client->again || client->tell_token || client->tell_error || client->tell_expired ||
         client->tell_quota;
}

void iauth_run(iauth_client *client) {
  client->again = true;
  if (client->running)
    return;
  client->running = true;
  client->again = false;
  iauth_time now = clock_of(client);
  notice_time(client, now);
  tell_events(client, now);
  answer_waiters(client, now);
  start_due(client, now);
  client->running = false;
  free_retired(client);
  client->host.arm(client->host.user, has_news(client) ? 0 : next_delay_ms(client, now));
}

/* ---------------------------------------------------------------------------------------------------
 * Life of a client. */

static iauth_error check_config(const iauth_config *config, const char *endpoint) {
  if (config->api_key == NULL || !iauth__is_credential(config->api_key, strlen(config->api_key)))
    return IAUTH_ERR_INVALID_CONFIG;
  if (config->flow != IAUTH_FLOW_TOKEN &&
      (config->credential == NULL ||
       !iauth__is_credential(config->credential, strlen(config->credential))))
    return IAUTH_ERR_INVALID_CONFIG;
  return iauth__check_endpoint(endpoint, config->allow_insecure);
}

iauth_error iauth_new(const iauth_config *config, const iauth_host *host, iauth_client **out) {
  *out = NULL;
  const char *endpoint = config->endpoint != NULL ? config->endpoint : DEFAULT_ENDPOINT;
  const char *credential = config->flow != IAUTH_FLOW_TOKEN ? config->credential : "";
  iauth_error error = check_config(config, endpoint);
  if (error != IAUTH_OK)
    return error;
  iauth_client *client = iauth__alloc(host, sizeof *client);
  if (client == NULL)
    return IAUTH_ERR_NO_MEMORY;
  size_t endpoint_len = strlen(endpoint);
  while (endpoint[endpoint_len - 1] == '/')
    endpoint_len--;
  *client = (iauth_client){
      .host = *host,
      .flow = config->flow,
      .auto_refresh = config->auto_refresh,
      .can_reauthorize = config->can_reauthorize,
      .timeout_ms = config->timeout_ms > 0 ? iauth__min(config->timeout_ms, IAUTH__LIFETIME_MAX_MS)
                                           : IAUTH__TIMEOUT_MS,
      .endpoint = iauth__copy(host, endpoint, endpoint_len),
      .api_key = iauth__copy(host, config->api_key, strlen(config->api_key)),
      .credential = iauth__copy(host, credential, strlen(credential)),
  };
  client->waiting_end = &client->waiting;
  client->generation = 1;
  client->last_mono_ms = host->now(host->user).mono_ms;
  client->next_start_mono_ms = client->last_mono_ms;
  if (client->endpoint == NULL || client->api_key == NULL || client->credential == NULL) {
    iauth_free(client);
    return IAUTH_ERR_NO_MEMORY;
  }
  *out = client;
  return IAUTH_OK;
}

void iauth_free(iauth_client *client) {
  if (client == NULL)
    return;
  if (client->in_flight) {
    client->host.cancel(client->host.user, client->request.public.id);
    end_request(client);
  }
  while (client->waiting != NULL) {
    struct waiter *waiter = client->waiting;
    const iauth_failure disposed = {.error = IAUTH_ERR_DISPOSED};
    client->waiting = waiter->next;
    client->host.answer(client->host.user, waiter->id, NULL, &disposed);
    client->host.release(client->host.user, waiter);
  }
  retire_token(client);
  free_retired(client);
  iauth__wipe_release_string(&client->host, client->endpoint);
  iauth__wipe_release_string(&client->host, client->api_key);
  iauth__wipe_release_string(&client->host, client->credential);
  iauth_host host = client->host;
  iauth__wipe_release(&host, client, sizeof *client);
}
