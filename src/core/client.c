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

#include "base/base_url.h"
#include "core/credential.h"
#include "core/memory.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/response.h"

struct token {
  struct token *next; /* in the list of retired tokens */
  iauth_token public; /* its strings are owned */
  int64_t refresh_when_ms;
  bool apis_went_on; /* they are the next token's */
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

/* Where there is one host only, as in wasm, the linker knows it, and calls to it are as direct as
 * any. */
#ifdef IAUTH_ONLY_HOST
extern const iauth_host IAUTH_ONLY_HOST;
#define HOST(client) ((void)(client), &IAUTH_ONLY_HOST)
#else
#define HOST(client) ((client)->host)
#endif

struct iauth_client {
#ifndef IAUTH_ONLY_HOST
  const iauth_host *host;
#endif
  iauth__identity identity; /* its strings lie behind the client, in the same block */
  bool auto_refresh, can_reauthorize;
  int64_t timeout_ms;

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

  unsigned news; /* events that are to be told, a bit for each kind */
  iauth_quota quota;

  iauth_time now; /* when the clocks were read last */
  int64_t mono_offset_ms;
  bool running, again;
};

/* ---------------------------------------------------------------------------------------------------
 * Clocks. */

/* Reads the clocks. The monotonic one is made to be so: where it jumps back, it goes on from where
 * it was. Otherwise every wait would be as much longer as the jump. */
static void read_clocks(iauth_client *client) {
  iauth_time now = HOST(client)->now(HOST(client)->user);
  now.mono_ms += client->mono_offset_ms;
  if (now.mono_ms < client->now.mono_ms) {
    client->mono_offset_ms += client->now.mono_ms - now.mono_ms;
    now.mono_ms = client->now.mono_ms;
  }
  client->now = now;
}

/* What is left of the token: the more pessimistic clock wins. */
static int64_t remaining_ms(const iauth_client *client) {
  const iauth_token *token = &client->token->public;
  return iauth__min(token->expires_mono_ms - client->now.mono_ms, token->expires_wall_ms - client->now.wall_ms);
}

/* ---------------------------------------------------------------------------------------------------
 * The token. */

static void token_free(iauth_client *client, struct token *token) {
  iauth__release(HOST(client), token->public.access_token);
  if (!token->apis_went_on)
    iauth__release(HOST(client), token->public.apis);
  iauth__release(HOST(client), token);
}

/* Something is to be told, and what it makes old is not any more. */
static void set_news(iauth_client *client, iauth_event_kind kind, iauth_event_kind old) {
  client->news = (client->news | 1u << kind) & ~(1u << old);
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
}

static void drop_token(iauth_client *client) {
  if (client->token != NULL)
    set_news(client, IAUTH_EVENT_EXPIRED, IAUTH_EVENT_TOKEN);
  retire_token(client);
}

/* Makes what was granted at `since` the current token, and takes its strings. Without apis of its
 * own it keeps the ones known so far: /refreshToken does not send them. */
static iauth_error set_token(iauth_client *client, iauth__grant *grant, iauth_time since, int64_t lifetime_ms) {
  struct token *made = iauth__alloc(HOST(client), sizeof *made);
  if (made == NULL)
    return IAUTH_ERR_NO_MEMORY;
  bool keeps_apis = grant->apis == NULL && client->token != NULL;
  if (keeps_apis) {
    grant->apis = client->token->public.apis;
    grant->apis_len = client->token->public.apis_len;
    client->token->apis_went_on = true;
  }
  *made = (struct token){
      .public =
          {
              .access_token = grant->access_token,
              .apis = grant->apis,
              .apis_len = grant->apis_len,
              .expiration = grant->expiration,
              .expires_wall_ms = since.wall_ms + grant->expires_in_ms,
              .expires_mono_ms = since.mono_ms + grant->expires_in_ms,
              .lifetime_ms = lifetime_ms,
          },
      .refresh_when_ms = iauth__refresh_when_ms(lifetime_ms, HOST(client)->random(HOST(client)->user)),
  };
  memset(grant, 0, sizeof *grant);
  retire_token(client);
  client->token = made;
  client->serial++;
  set_news(client, IAUTH_EVENT_TOKEN, IAUTH_EVENT_EXPIRED);
  set_news(client, IAUTH_EVENT_TOKEN, IAUTH_EVENT_ERROR);
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
  iauth__request_clean_up(&client->request, HOST(client));
  client->in_flight = false;
}

/* Records that an attempt failed and works out the two waits. */
static void record_failure(iauth_client *client, iauth_error error, int status, int64_t retry_after_ms) {
  failure_kind kind = kind_of(error);
  iauth_failure *failure = &client->failure;
  uint32_t random = HOST(client)->random(HOST(client)->user);
  failure->attempts++;
  int64_t demand = retry_after_ms > 0
                       ? iauth__min(retry_after_ms, IAUTH__BACKOFF_MAX_MS)
                       : iauth__min(iauth__backoff_ms(failure->attempts, random), IAUTH__REFUSAL_CACHE_MS);
  if (kind != TRANSIENT)
    demand = iauth__max(demand, IAUTH__REFUSAL_CACHE_MS);
  failure->error = error;
  failure->status = status;
  failure->retryable = kind == TRANSIENT;
  client->failure_kind = kind;
  client->failed_mono_ms = client->now.mono_ms;
  client->server_ordered = retry_after_ms > 0;
  client->demand_mono_ms = client->now.mono_ms + demand;
  /* Not all at the very moment that the server named to all. */
  client->background_mono_ms =
      client->now.mono_ms + retry_after_ms + iauth__background_backoff_ms(failure->attempts, random);
  client->news |= 1u << IAUTH_EVENT_ERROR;
  if (kind == REFUSED)
    drop_token(client);
}

/* After a failure: when the next try for a caller may start. */
static int64_t next_try_mono_ms(const iauth_client *client) {
  return iauth__max(client->demand_mono_ms, client->next_start_mono_ms);
}

/* The failure as a caller sees it now. */
static iauth_failure failure_now(const iauth_client *client) {
  iauth_failure failure = client->failure;
  failure.retry_after_ms = iauth__max(0, next_try_mono_ms(client) - client->now.mono_ms);
  return failure;
}

/* The request in flight failed. */
static void fail_request(iauth_client *client, iauth_error error, int status, int64_t retry_after_ms) {
  iauth_request_kind kind = client->request.public.kind;
  end_request(client);
  if (kind == IAUTH_REQUEST_APIS)
    return; /* the token is good without them; the next one brings another chance */
  if (kind == IAUTH_REQUEST_REFRESH && kind_of(error) == REFUSED && error != IAUTH_ERR_KEY_REVOKED)
    client->refresh_refused = true; /* nobody is told yet: /auth decides */
  else
    record_failure(client, error, status, retry_after_ms);
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

static void start_request(iauth_client *client, iauth_request_kind kind) {
  const char *access_token = client->token != NULL ? client->token->public.access_token : NULL;
  client->generation += 2; /* odd, so that 0 never names a request */
  client->in_flight = true;
  client->started = client->now;
  if (kind != IAUTH_REQUEST_APIS)
    client->next_start_mono_ms = client->now.mono_ms + IAUTH__MIN_INTERVAL_MS;
  iauth_error error =
      iauth__request_init(&client->request, HOST(client), &client->identity, kind, client->generation, access_token);
  if (error == IAUTH_OK)
    error = HOST(client)->send(HOST(client)->user, &client->request.public);
  if (error != IAUTH_OK)
    fail_request(client, error, 0, 0);
}

/* Takes the grant of a 200. */
static iauth_error take_grant(iauth_client *client, iauth__grant *grant) {
  if (client->request.public.kind == IAUTH_REQUEST_APIS) {
    if (client->token != NULL) {
      iauth__release(HOST(client), client->token->public.apis);
      client->token->public.apis = grant->apis;
      client->token->public.apis_len = grant->apis_len;
      grant->apis = NULL;
      client->news |= 1u << IAUTH_EVENT_TOKEN;
    }
    return IAUTH_OK;
  }
  int64_t expires_wall_ms = client->started.wall_ms + grant->expires_in_ms;
  if (client->started.mono_ms + grant->expires_in_ms <= client->now.mono_ms || expires_wall_ms <= client->now.wall_ms)
    return IAUTH_ERR_TIMEOUT; /* the answer took longer than the token lives */
  if (grant->expiration == 0)
    grant->expiration = (double)(expires_wall_ms / 1000);
  return set_token(client, grant, client->started, grant->expires_in_ms);
}

void iauth_respond(iauth_client *client, uint32_t id, const iauth_response *response) {
  if (!client->in_flight || id != client->request.public.id)
    return;
  read_clocks(client);
  if (iauth__check_quota(response, &client->quota))
    client->news |= 1u << IAUTH_EVENT_QUOTA;
  iauth_request_kind kind = client->request.public.kind;
  iauth__grant grant;
  iauth_error error = iauth__check_response(HOST(client), kind, client->identity.flow, response, &grant);
  if (error == IAUTH_OK)
    error = take_grant(client, &grant);
  iauth__grant_clean_up(&grant, HOST(client));
  if (error != IAUTH_OK) {
    fail_request(client, error, response->status, iauth__retry_after_ms(response, client->now.wall_ms));
    return;
  }
  end_request(client);
  if (kind != IAUTH_REQUEST_APIS && client->token->public.apis == NULL)
    start_request(client, IAUTH_REQUEST_APIS);
}

void iauth_fail(iauth_client *client, uint32_t id, iauth_error error) {
  if (!client->in_flight || id != client->request.public.id)
    return;
  read_clocks(client);
  fail_request(client, error, 0, 0);
}

/* ---------------------------------------------------------------------------------------------------
 * Callers. */

iauth_error iauth_get(iauth_client *client, uint32_t id, const iauth_get_options *options) {
  struct waiter *joined = iauth__alloc(HOST(client), sizeof *joined);
  if (joined == NULL)
    return IAUTH_ERR_NO_MEMORY;
  read_clocks(client);
  int64_t timeout = options->timeout_ms > 0 ? options->timeout_ms : IAUTH__TIMEOUT_MS;
  *joined = (struct waiter){
      .id = id,
      .token_serial = client->serial,
      .force_refresh = options->force_refresh,
      .min_validity_ms = iauth__max(0, options->min_validity_ms),
      .asked_mono_ms = client->now.mono_ms,
      .deadline_mono_ms = client->now.mono_ms + iauth__min(timeout, IAUTH__LIFETIME_MAX_MS),
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
static bool is_satisfied(const iauth_client *client, const struct waiter *waiter) {
  if (client->token == NULL)
    return false;
  if (client->in_flight && client->request.public.kind == IAUTH_REQUEST_APIS)
    return false; /* a moment more and the answer has its apis */
  if (client->serial != waiter->token_serial)
    return true; /* obtained since: there is no better one to be had */
  return !waiter->force_refresh &&
         remaining_ms(client) >= iauth__enough_ms(waiter->min_validity_ms, client->token->public.lifetime_ms);
}

/* Decides about one caller. True if it has its answer. */
static bool settle(const iauth_client *client, struct waiter *waiter) {
  int64_t now_ms = client->now.mono_ms, next_ms = next_try_mono_ms(client);
  bool failed = client->failure.error != IAUTH_OK;
  bool late = now_ms >= waiter->deadline_mono_ms;
  if (waiter->cancelled) {
    waiter->failure.error = IAUTH_ERR_ABORTED;
    return true;
  }
  if (is_satisfied(client, waiter)) {
    waiter->token = &client->token->public;
    return true;
  }
  if (failed && ((late && client->failed_mono_ms >= waiter->asked_mono_ms) ||
                 (!client->in_flight && now_ms < next_ms &&
                  (!client->failure.retryable || waiter->deadline_mono_ms < next_ms)))) {
    waiter->failure = failure_now(client);
  } else if (late) {
    waiter->failure =
        (iauth_failure){.error = IAUTH_ERR_TIMEOUT, .retryable = true, .attempts = client->failure.attempts};
  } else {
    return false;
  }
  /* Rather the token that is there, as long as it is valid at all, than an error. */
  if (client->token != NULL && (!waiter->force_refresh || client->serial != waiter->token_serial))
    waiter->token = &client->token->public;
  return true;
}

/* Swaps out everybody who has an answer, then tells them: a caller told may ask again at once. */
static void answer_waiters(iauth_client *client) {
  struct waiter *told = NULL, **told_end = &told, **link = &client->waiting;
  while (*link != NULL) {
    struct waiter *waiter = *link;
    if (!settle(client, waiter)) {
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
    HOST(client)->answer(HOST(client)->user, waiter->id, waiter->token,
                         waiter->token != NULL ? NULL : &waiter->failure);
    iauth__release(HOST(client), waiter);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Tokens from elsewhere, and news. */

/* Takes an offered token: always as the answer to our own question, else if it outlives the current
 * one. */
static iauth_error take_offer(iauth_client *client, const iauth_token *offered, bool is_reply) {
  read_clocks(client);
  if (!iauth__is_credential(offered->access_token))
    return IAUTH_ERR_BAD_TOKEN;
  int64_t left = iauth__min(offered->expires_wall_ms - client->now.wall_ms, IAUTH__LIFETIME_MAX_MS);
  if (left <= 0)
    return IAUTH_ERR_BAD_EXPIRES_IN;
  if (!is_reply && client->token != NULL && remaining_ms(client) >= left)
    return IAUTH_OK;
  iauth__grant grant = {
      .access_token = iauth__copy(HOST(client), offered->access_token, strlen(offered->access_token) + 1),
      .expiration = offered->expiration,
      .expires_in_ms = left,
      .apis_len = offered->apis_len,
  };
  if (offered->apis_len > 0)
    grant.apis = iauth__copy(HOST(client), offered->apis, offered->apis_len);
  iauth_error error = IAUTH_ERR_NO_MEMORY;
  if (grant.access_token != NULL && (grant.apis != NULL || offered->apis_len == 0))
    error = set_token(client, &grant, client->now,
                      iauth__max(left, iauth__min(offered->lifetime_ms, IAUTH__LIFETIME_MAX_MS)));
  iauth__grant_clean_up(&grant, HOST(client));
  return error;
}

iauth_error iauth_adopt(iauth_client *client, const iauth_token *offered) { return take_offer(client, offered, false); }

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

void iauth_invalidate(iauth_client *client, const char *access_token) {
  if (client->token != NULL && strcmp(access_token, client->token->public.access_token) == 0)
    drop_token(client);
}

void iauth_wake(iauth_client *client) {
  if (client->failure.error == IAUTH_OK || client->failure_kind == REFUSED || client->server_ordered)
    return;
  client->demand_mono_ms = client->background_mono_ms = client->now.mono_ms;
}

const iauth_token *iauth_current(iauth_client *client, int64_t min_validity_ms) {
  if (client->token == NULL)
    return NULL;
  read_clocks(client);
  int64_t left = remaining_ms(client);
  int64_t enough = iauth__enough_ms(min_validity_ms, client->token->public.lifetime_ms);
  return left > 0 && left >= enough ? &client->token->public : NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * The run. */

static void notice_time(iauth_client *client) {
  if (client->token != NULL && remaining_ms(client) <= 0)
    drop_token(client);
  if (client->in_flight && client->now.mono_ms >= client->started.mono_ms + client->timeout_ms) {
    HOST(client)->cancel(HOST(client)->user, client->request.public.id);
    fail_request(client, IAUTH_ERR_TIMEOUT, 0, 0);
  }
}

/* Events come before answers: a caller who is told finds the token already known. */
static void tell_news(iauth_client *client) {
  const iauth_failure failure = failure_now(client);
  for (int kind = 1; kind <= IAUTH_EVENT_TOKEN; kind++) {
    if (!(client->news & 1u << kind))
      continue;
    client->news &= ~(1u << kind);
    iauth_event event = {.kind = (iauth_event_kind)kind};
    if (kind == IAUTH_EVENT_QUOTA)
      event.quota = &client->quota;
    if (kind == IAUTH_EVENT_ERROR)
      event.failure = &failure;
    if (kind == IAUTH_EVENT_TOKEN)
      event.token = &client->token->public;
    HOST(client)->event(HOST(client)->user, &event);
  }
}

/* When the next token request is wanted, but for the minimum interval; INT64_MAX if none is. */
static int64_t wanted_mono_ms(const iauth_client *client) {
  int64_t now_ms = client->now.mono_ms;
  bool failed = client->failure.error != IAUTH_OK;
  if (client->waiting != NULL)
    return failed ? client->demand_mono_ms : now_ms;
  if (!client->auto_refresh || !client->wanted || (failed && client->failure_kind == REFUSED))
    return INT64_MAX;
  if (failed)
    return client->background_mono_ms;
  if (client->token == NULL)
    return now_ms;
  return now_ms + remaining_ms(client) - client->token->refresh_when_ms;
}

static int64_t due_mono_ms(const iauth_client *client) {
  return iauth__max(wanted_mono_ms(client), client->next_start_mono_ms);
}

/* Starts what is due. Nothing is asked of the network where no request can help. */
static void start_due(iauth_client *client) {
  if (client->in_flight || due_mono_ms(client) > client->now.mono_ms)
    return;
  if (client->token != NULL && !client->refresh_refused)
    start_request(client, IAUTH_REQUEST_REFRESH);
  else if (client->identity.flow != IAUTH_FLOW_TOKEN)
    start_request(client, IAUTH_REQUEST_AUTH);
  else if (client->can_reauthorize)
    start_request(client, IAUTH_REQUEST_REAUTHORIZE);
  else
    record_failure(client, IAUTH_ERR_TOKEN_EXPIRED, 0, 0);
}

/* How long until something is to be decided; negative if nothing ever will be. */
static int64_t next_delay_ms(const iauth_client *client) {
  int64_t next = client->in_flight ? client->started.mono_ms + client->timeout_ms : due_mono_ms(client);
  for (const struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next)
    next = iauth__min(next, waiter->deadline_mono_ms);
  if (client->token != NULL)
    next = iauth__min(next, client->now.mono_ms + remaining_ms(client));
  if (next == INT64_MAX)
    return -1;
  return iauth__min(iauth__max(0, next - client->now.mono_ms), IAUTH__NAP_MAX_MS);
}

void iauth_run(iauth_client *client) {
  client->again = true;
  if (client->running)
    return;
  client->running = true;
  client->again = false;
  read_clocks(client);
  notice_time(client);
  tell_news(client);
  answer_waiters(client);
  start_due(client);
  client->running = false;
  free_retired(client);
  bool has_news = client->again || client->news != 0; /* that this run has not told yet */
  HOST(client)->arm(HOST(client)->user, has_news ? 0 : next_delay_ms(client));
}

/* ---------------------------------------------------------------------------------------------------
 * Life of a client. */

_Static_assert((int)IAUTH__BASE_URL_INVALID == (int)IAUTH_ERR_INVALID_CONFIG &&
                   (int)IAUTH__BASE_URL_INSECURE == (int)IAUTH_ERR_INSECURE_ENDPOINT,
               "what is wrong with a base URL is an error of the client");

iauth_error iauth_new(const iauth_config *config, const iauth_host *host, iauth_client **out) {
  *out = NULL;
  const char *endpoint = config->endpoint;
  const char *credential = config->flow != IAUTH_FLOW_TOKEN ? config->credential : "";
  if (endpoint == NULL || !iauth__is_credential(config->api_key) ||
      (config->flow != IAUTH_FLOW_TOKEN && !iauth__is_credential(credential)))
    return IAUTH_ERR_INVALID_CONFIG;
  iauth__base_url url = iauth__check_base_url(endpoint, config->allow_insecure);
  if (url != IAUTH__BASE_URL_OK)
    return (iauth_error)url;
  size_t endpoint_size = strlen(endpoint) + 1, api_key_size = strlen(config->api_key) + 1,
         credential_size = strlen(credential) + 1;
  iauth_client *client = iauth__alloc(host, sizeof *client + endpoint_size + api_key_size + credential_size);
  if (client == NULL)
    return IAUTH_ERR_NO_MEMORY;
  char *endpoint_copy = (char *)(client + 1), *api_key = endpoint_copy + endpoint_size,
       *credential_copy = api_key + api_key_size;
  memcpy(endpoint_copy, endpoint, endpoint_size);
  memcpy(api_key, config->api_key, api_key_size);
  memcpy(credential_copy, credential, credential_size);
  for (char *end = api_key - 2; *end == '/'; end--)
    *end = '\0';
  *client = (iauth_client){
      .identity = {endpoint_copy, api_key, credential_copy, config->flow},
      .auto_refresh = config->auto_refresh,
      .can_reauthorize = config->can_reauthorize,
      .timeout_ms = config->timeout_ms > 0 ? iauth__min(config->timeout_ms, IAUTH__LIFETIME_MAX_MS) : IAUTH__TIMEOUT_MS,
  };
#ifndef IAUTH_ONLY_HOST
  client->host = host;
#endif
  client->waiting_end = &client->waiting;
  client->generation = 1;
  client->now = host->now(host->user);
  client->next_start_mono_ms = client->now.mono_ms;
  *out = client;
  return IAUTH_OK;
}

void iauth_free(iauth_client *client) {
  if (client == NULL)
    return;
  if (client->in_flight) {
    HOST(client)->cancel(HOST(client)->user, client->request.public.id);
    end_request(client);
  }
  while (client->waiting != NULL) {
    struct waiter *waiter = client->waiting;
    const iauth_failure disposed = {.error = IAUTH_ERR_DISPOSED};
    client->waiting = waiter->next;
    HOST(client)->answer(HOST(client)->user, waiter->id, NULL, &disposed);
    iauth__release(HOST(client), waiter);
  }
  retire_token(client);
  free_retired(client);
  iauth__release(HOST(client), client);
}
