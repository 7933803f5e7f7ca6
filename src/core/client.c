/* The state machine: one token, one request at a time, a list of waiting callers.
 *
 * Inputs only record what happened; iauth_run decides. So each function is short, and no callback runs in the middle of
 * a decision.
 *
 * Ownership: the client owns its copies of the configuration, its token, the request in flight, its waiters and the
 * messages of its failures. A token or message that is replaced is retired: it is freed when the run ends, because an
 * answer may still point to it. */
#include "core/iauth.h"

#include <string.h>

#include "core/body.h"
#include "core/credential.h"
#include "core/endpoint.h"
#include "core/memory.h"
#include "core/message.h"
#include "core/policy.h"
#include "core/request.h"
#include "core/response.h"

struct token {
  struct token *next;   /* in the list of retired tokens */
  iauth_token public;   /* its strings are owned */
  uint32_t number;      /* counts the tokens of this client */
  bool refresh_refused; /* /refreshToken refused it; it is still valid */
  int64_t refresh_lead_ms;
};

struct waiter {
  struct waiter *next;
  uint32_t id;
  uint32_t grant_count; /* the client's grant_count when the caller asked */
  bool force_refresh;
  bool needs_apis;
  int64_t min_validity_ms;
  int64_t asked_mono_ms;
  int64_t deadline_mono_ms;
  const iauth_token *token; /* the answer: a token, or NULL and the failure */
  iauth_failure failure;
};

/* What happens after a failure. */
typedef enum {
  TEMPORARY, /* network, timeout, 429, 5xx: callers wait, and the request is retried */
  UNUSABLE,  /* an unusable response: callers are answered with the failure, the background retries */
  REFUSED    /* definitive: no retry until somebody asks again */
} failure_kind;

/* The failures in a row of one kind of request, and the waits after them. */
struct backoff {
  iauth_failure failure; /* the last one; its error is 0 if there is none; copy_failure computes its retry_after_ms */
  iauth__message *message;
  bool server_ordered; /* the server asked for this wait */
  int64_t failed_mono_ms;
  int64_t caller_try_mono_ms;     /* when the next request may start for a caller … */
  int64_t forced_try_mono_ms;     /* … for a caller with force_refresh: the server can ask for 60 s at most … */
  int64_t background_try_mono_ms; /* … and while no caller waits */
};

/* In wasm there is only one host. The linker knows it, so calls to it are direct. A client there is never freed: its
 * whole memory is dropped. */
#ifdef IAUTH_ONLY_HOST
extern const iauth_host IAUTH_ONLY_HOST;
#define HOST(client) ((void)(client), &IAUTH_ONLY_HOST)
#define IS_DISPOSED(client) false
#else
#define HOST(client) ((client)->host)
#define IS_DISPOSED(client) ((client)->disposed)
#endif

struct iauth_client {
#ifndef IAUTH_ONLY_HOST
  const iauth_host *host;
#endif
  iauth__identity identity;
  bool auto_refresh, can_reauthorize;
  int64_t timeout_ms;

  struct token *token;   /* NULL if there is none */
  struct token *retired; /* these are freed when the run ends */
  iauth__message *retired_messages;
  uint32_t token_count;  /* how many there were, from anywhere */
  uint32_t grant_count;  /* how many of them we requested */
  int64_t lifetime_ms;   /* of the last token */
  uint32_t refused_hash; /* of the token that was invalidated last, or 0 */
  bool keep_fresh;       /* somebody asked for a token, so the background keeps it fresh */
  int64_t last_use_mono_ms;

  struct waiter *waiting, **waiting_end;
  struct waiter *answered; /* these have left the waiting list and are being answered */

  iauth__request request; /* the request in flight; its id is the generation */
  bool in_flight;
  bool start_denied;             /* the host does not allow a request now; it calls iauth_run when it does */
  uint32_t request_token_number; /* the number of the token in the request */
  iauth_time started;
  uint32_t generation;
  int64_t next_start_mono_ms;      /* when the minimum interval ends … */
  int64_t next_background_mono_ms; /* … and when it ends while no caller waits */

  struct backoff backoff;         /* of token requests, since the last token */
  struct backoff apis_backoff;    /* of GET /apis */
  int64_t failure_budget_mono_ms; /* when the budget of failed requests is full again */
  int64_t wake_budget_mono_ms;    /* when two wake-ups in a row can end a wait again */

  unsigned events; /* events to emit, one bit for each kind */
  iauth_quota quota;

  iauth_time now; /* the clocks when they were read last */
  int64_t mono_offset_ms;
  bool running;   /* iauth_run is running … */
  bool run_again; /* … and was called again meanwhile */
  bool disposed;  /* freed in a callback; the memory is released when the run ends */
};

/* ---------------------------------------------------------------------------------------------------
 * Clocks. */

/* Reads the clocks. If the monotonic clock jumps back, the jump is added to it from then on. Otherwise every wait would
 * be longer by the jump. */
static void read_clocks(iauth_client *client) {
  iauth_time now = HOST(client)->now(HOST(client)->user);
  now.mono_ms += client->mono_offset_ms;
  if (now.mono_ms < client->now.mono_ms) {
    client->mono_offset_ms += client->now.mono_ms - now.mono_ms;
    now.mono_ms = client->now.mono_ms;
  }
  client->now = now;
}

/* The remaining lifetime of the token, on the clock on which it is shorter. */
static int64_t remaining_ms(const iauth_client *client) {
  const iauth_token *token = &client->token->public;
  return iauth__min(token->expires_mono_ms - client->now.mono_ms, token->expires_wall_ms - client->now.wall_ms);
}

/* ---------------------------------------------------------------------------------------------------
 * Failures and waits. */

static failure_kind kind_of(iauth_error error) {
  switch (error) {
  case IAUTH_ERR_NETWORK:
  case IAUTH_ERR_TIMEOUT:
  case IAUTH_ERR_RATE_LIMITED:
  case IAUTH_ERR_SERVER_ERROR:
  case IAUTH_ERR_NO_MEMORY:
    return TEMPORARY;
  case IAUTH_ERR_INVALID_CONFIG: /* a reauthorize callback reported a mistake in the page */
  case IAUTH_ERR_ORIGIN_NOT_ALLOWED:
  case IAUTH_ERR_CREDENTIALS_REJECTED:
  case IAUTH_ERR_KEY_REVOKED:
  case IAUTH_ERR_TOKEN_EXPIRED:
  case IAUTH_ERR_ENDPOINT_REFUSED:
  case IAUTH_ERR_BAD_STATUS:
    return REFUSED;
  default:
    return UNUSABLE;
  }
}

static void reset_backoff(iauth_client *client, struct backoff *backoff) {
  if (backoff->message != NULL) {
    backoff->message->next = client->retired_messages;
    client->retired_messages = backoff->message;
  }
  *backoff = (struct backoff){0};
}

static bool has_failed(const struct backoff *backoff) { return backoff->failure.error != IAUTH_OK; }

/* Records one more failure in a row, and computes the waits. A wait is the server's or our own, whichever is longer. Our
 * own is the backoff, or the time until the budget allows another failure. The budget is necessary, because a grant
 * resets the backoff, and GET /apis has a backoff of its own. Takes ownership of `message`. */
static void add_failure(iauth_client *client, struct backoff *backoff, iauth_error error, int status,
                        int64_t server_wait_ms, iauth__message *message) {
  failure_kind kind = kind_of(error);
  int attempts = backoff->failure.attempts + 1;
  uint32_t random = HOST(client)->random(HOST(client)->user);
  int64_t now_ms = client->now.mono_ms, own_ms = iauth__backoff_ms(attempts, random);
  int64_t budget_ms = client->failure_budget_mono_ms - IAUTH__FAILURE_BURST * IAUTH__FAILURE_INTERVAL_MS - now_ms;
  own_ms = iauth__max(own_ms, budget_ms + own_ms / 8); /* the jitter spreads the clients */
  if (kind != TEMPORARY)
    own_ms = iauth__max(own_ms, IAUTH__REFUSAL_CACHE_MS);
  reset_backoff(client, backoff);
  *backoff = (struct backoff){
      .failure = {.error = error,
                  .status = status,
                  .retryable = kind == TEMPORARY,
                  .attempts = attempts,
                  .server_message = message != NULL ? message->text : NULL},
      .message = message,
      .server_ordered = server_wait_ms > own_ms,
      .failed_mono_ms = now_ms,
      .caller_try_mono_ms = now_ms + iauth__max(own_ms, server_wait_ms),
      .forced_try_mono_ms = now_ms + iauth__max(own_ms, iauth__min(server_wait_ms, IAUTH__BACKOFF_MAX_MS)),
      /* A sum, because the server may name the same time to all clients. */
      .background_try_mono_ms =
          now_ms + server_wait_ms + iauth__max(own_ms, iauth__background_backoff_ms(attempts, random)),
  };
}

/* When the next request for a caller may start. */
static int64_t next_try_mono_ms(const iauth_client *client, const struct backoff *backoff, bool forced) {
  if (!has_failed(backoff))
    return client->next_start_mono_ms;
  return iauth__max(forced ? backoff->forced_try_mono_ms : backoff->caller_try_mono_ms, client->next_start_mono_ms);
}

/* Copies the last failure, with the time until the next request. */
static void copy_failure(const iauth_client *client, const struct backoff *backoff, bool forced,
                         iauth_failure *failure) {
  *failure = backoff->failure;
  failure->retry_after_ms = iauth__max(0, next_try_mono_ms(client, backoff, forced) - client->now.mono_ms);
}

/* ---------------------------------------------------------------------------------------------------
 * The token. */

static void token_free(iauth_client *client, struct token *token) {
  iauth__token_clean_up(&token->public, HOST(client));
  iauth__release(HOST(client), token);
}

/* Adds an event and removes the event that it makes obsolete. */
static void add_event(iauth_client *client, iauth_event_kind kind, iauth_event_kind old) {
  client->events = (client->events | 1u << kind) & ~(1u << old);
}

static void free_retired(iauth_client *client) {
  while (client->retired != NULL) {
    struct token *next = client->retired->next;
    token_free(client, client->retired);
    client->retired = next;
  }
  while (client->retired_messages != NULL) {
    iauth__message *next = client->retired_messages->next;
    iauth__release(HOST(client), client->retired_messages);
    client->retired_messages = next;
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
    add_event(client, IAUTH_EVENT_EXPIRED, IAUTH_EVENT_TOKEN);
  retire_token(client);
}

static bool is_current(const iauth_client *client, const char *access_token) {
  return client->token != NULL && strcmp(access_token, client->token->public.access_token) == 0;
}

/* FNV-1a. It is enough to recognise a token without storing it. Never 0. */
static uint32_t hash_of(const char *access_token) {
  uint32_t hash = 0x811c9dc5;
  for (; *access_token != '\0'; access_token++)
    hash = (hash ^ (unsigned char)*access_token) * 0x01000193;
  return hash | 1;
}

/* Stores a grant as the current token, which takes over its strings. A grant without apis takes over those of the
 * current token, because /refreshToken does not send them. */
static iauth_error set_token(iauth_client *client, iauth_token *grant) {
  struct token *made = iauth__alloc(HOST(client), sizeof *made);
  if (made == NULL)
    return IAUTH_ERR_NO_MEMORY;
  if (grant->apis != NULL) {
    reset_backoff(client, &client->apis_backoff);
  } else if (client->token != NULL) {
    iauth_token *old = &client->token->public;
    grant->apis = old->apis;
    grant->apis_len = old->apis_len;
    old->apis = NULL;
    old->apis_len = 0;
  }
  *made = (struct token){
      .public = *grant,
      .number = ++client->token_count,
      .refresh_refused = is_current(client, grant->access_token) && client->token->refresh_refused,
      .refresh_lead_ms = iauth__refresh_lead_ms(grant->lifetime_ms, HOST(client)->random(HOST(client)->user)),
  };
  memset(grant, 0, sizeof *grant);
  retire_token(client);
  client->token = made;
  client->lifetime_ms = made->public.lifetime_ms;
  add_event(client, IAUTH_EVENT_TOKEN, IAUTH_EVENT_EXPIRED);
  add_event(client, IAUTH_EVENT_TOKEN, IAUTH_EVENT_ERROR);
  reset_backoff(client, &client->backoff);
  return IAUTH_OK;
}

/* ---------------------------------------------------------------------------------------------------
 * Requests. */

/* Records a failure to get a token. The current token is dropped only if the credential was revoked. */
static void record_token_failure(iauth_client *client, iauth_error error, int status, int64_t server_wait_ms,
                                 iauth__message *message) {
  add_failure(client, &client->backoff, error, status, server_wait_ms, message);
  client->events |= 1u << IAUTH_EVENT_ERROR;
  if (error == IAUTH_ERR_KEY_REVOKED)
    drop_token(client);
}

static void end_request(iauth_client *client) {
  iauth__request_clean_up(&client->request, HOST(client));
  client->in_flight = false;
}

/* True if the client can get a token in another way than by a refresh. */
static bool can_start_over(const iauth_client *client) {
  return client->identity.flow != IAUTH_FLOW_TOKEN || client->can_reauthorize;
}

/* Ends the request in flight as a failure. Takes ownership of `message`. */
static void fail_request(iauth_client *client, iauth_error error, int status, int64_t server_wait_ms,
                         iauth__message *message) {
  iauth_request_kind kind = client->request.public.kind;
  end_request(client);
  if (kind == IAUTH_REQUEST_REFRESH && kind_of(error) == REFUSED && error != IAUTH_ERR_KEY_REVOKED) {
    /* The refused token is the one in the request. The current token may be a newer one. */
    if (client->token != NULL && client->token->number == client->request_token_number)
      client->token->refresh_refused = true;
    if (can_start_over(client)) { /* this is not a failure yet: /auth decides */
      iauth__release(HOST(client), message);
      return;
    }
  }
  client->failure_budget_mono_ms =
      iauth__max(client->failure_budget_mono_ms, client->now.mono_ms) + IAUTH__FAILURE_INTERVAL_MS;
  if (kind == IAUTH_REQUEST_APIS) /* the token is usable without apis */
    add_failure(client, &client->apis_backoff, error, status, server_wait_ms, message);
  else
    record_token_failure(client, error, status, server_wait_ms, message);
}

static void start_request(iauth_client *client, iauth_request_kind kind) {
  const char *access_token = client->token != NULL ? client->token->public.access_token : NULL;
  client->generation += 2; /* it stays odd, so 0 is never the id of a request */
  client->in_flight = true;
  client->started = client->now;
  client->request_token_number = client->token_count;
  client->next_start_mono_ms = iauth__max(client->next_start_mono_ms, client->now.mono_ms) + IAUTH__MIN_INTERVAL_MS;
  client->next_background_mono_ms = client->now.mono_ms + IAUTH__BACKGROUND_INTERVAL_MS;
  iauth_error error =
      iauth__request_init(&client->request, HOST(client), &client->identity, kind, client->generation, access_token);
  if (error == IAUTH_OK)
    error = HOST(client)->send(HOST(client)->user, &client->request.public);
  if (error != IAUTH_OK)
    fail_request(client, error, 0, 0, NULL);
}

/* A message without the credentials of this client. */
static iauth__message *message_new(const iauth_client *client, const char *text) {
  const char *const secrets[] = {client->identity.api_key, client->identity.credential,
                                 client->identity.personal_secret,
                                 client->token != NULL ? client->token->public.access_token : NULL, NULL};
  return iauth__message_new(HOST(client), text, secrets);
}

/* Uses the grant of a response with status 200. */
static iauth_error apply_grant(iauth_client *client, iauth_token *grant) {
  if (client->request.public.kind == IAUTH_REQUEST_APIS) {
    reset_backoff(client, &client->apis_backoff);
    if (client->token != NULL) {
      iauth__release(HOST(client), client->token->public.apis);
      client->token->public.apis = grant->apis;
      client->token->public.apis_len = grant->apis_len;
      grant->apis = NULL;
      client->events |= 1u << IAUTH_EVENT_TOKEN;
    }
    return IAUTH_OK;
  }
  grant->expires_mono_ms = client->started.mono_ms + grant->lifetime_ms;
  grant->expires_wall_ms = client->started.wall_ms + grant->lifetime_ms;
  if (grant->expires_mono_ms <= client->now.mono_ms || grant->expires_wall_ms <= client->now.wall_ms)
    return IAUTH_ERR_TIMEOUT; /* the response took longer than the token is valid */
  /* Missing, or not in seconds: a number from 1e11 on is in milliseconds, as seconds it would be after the year
   * 5138. */
  if (!(grant->expiration > 0 && grant->expiration < 1e11))
    grant->expiration = (double)(grant->expires_wall_ms / 1000);
  iauth_error error = set_token(client, grant);
  if (error == IAUTH_OK)
    client->grant_count++;
  return error;
}

void iauth__respond(iauth_client *client, uint32_t id, const iauth_response *response, const iauth__body *body) {
  if (!client->in_flight || id != client->request.public.id)
    return;
  read_clocks(client);
  if (iauth__read_quota(response, &client->quota))
    client->events |= 1u << IAUTH_EVENT_QUOTA;
  iauth_request_kind kind = client->request.public.kind;
  iauth_token grant;
  iauth_error error = iauth__check_response(HOST(client), kind, response, body, &grant);
  if (error == IAUTH_OK)
    error = apply_grant(client, &grant);
  if (error != IAUTH_OK) {
    fail_request(client, error, response->status, iauth__server_wait_ms(response, &client->quota, client->now.wall_ms),
                 response->status != 200 ? message_new(client, body->message) : NULL);
  } else {
    end_request(client);
    if (kind != IAUTH_REQUEST_APIS && client->token->public.apis == NULL &&
        client->now.mono_ms >= client->apis_backoff.caller_try_mono_ms)
      start_request(client, IAUTH_REQUEST_APIS);
  }
  iauth__token_clean_up(&grant, HOST(client));
}

#ifndef IAUTH_ONLY_HOST
void iauth_respond(iauth_client *client, uint32_t id, const iauth_response *response) {
  iauth__body body;
  iauth__body_init(&body, HOST(client), response);
  iauth__respond(client, id, response, &body);
  iauth__body_clean_up(&body, HOST(client));
}
#endif

void iauth_fail(iauth_client *client, uint32_t id, iauth_error error) {
  if (!client->in_flight || id != client->request.public.id)
    return;
  read_clocks(client);
  fail_request(client, error < IAUTH_OK ? error : IAUTH_ERR_NETWORK, 0, 0, NULL);
}

/* ---------------------------------------------------------------------------------------------------
 * Callers. */

/* The timeout of a caller or a request. 0 or less means the default. */
static int64_t timeout_of(int64_t timeout_ms) {
  return timeout_ms > 0 ? iauth__min(timeout_ms, IAUTH__LIFETIME_MAX_MS) : IAUTH__TIMEOUT_MS;
}

iauth_error iauth_get(iauth_client *client, uint32_t id, const iauth_get_options *options) {
  if (IS_DISPOSED(client))
    return IAUTH_ERR_DISPOSED;
  struct waiter *joined = iauth__alloc(HOST(client), sizeof *joined);
  if (joined == NULL)
    return IAUTH_ERR_NO_MEMORY;
  read_clocks(client);
  memset(joined, 0, sizeof *joined);
  joined->id = id;
  joined->grant_count = client->grant_count;
  joined->force_refresh = options->force_refresh;
  joined->needs_apis = options->needs_apis;
  joined->min_validity_ms = iauth__max(0, options->min_validity_ms);
  joined->asked_mono_ms = client->now.mono_ms;
  joined->deadline_mono_ms = client->now.mono_ms + timeout_of(options->timeout_ms);
  *client->waiting_end = joined;
  client->waiting_end = &joined->next;
  client->last_use_mono_ms = client->now.mono_ms;
  client->keep_fresh = true;
  return IAUTH_OK;
}

void iauth_cancel(iauth_client *client, uint32_t id) {
  for (struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next)
    if (waiter->id == id)
      waiter->failure.error = IAUTH_ERR_ABORTED;
}

void iauth_use(iauth_client *client) {
  read_clocks(client);
  client->last_use_mono_ms = client->now.mono_ms;
  if (client->token != NULL)
    client->keep_fresh = true;
}

/* True if the current token is valid for as long as a caller asks for. */
static bool is_fresh(const iauth_client *client, int64_t min_validity_ms) {
  return remaining_ms(client) >= iauth__required_validity_ms(min_validity_ms, client->token->public.lifetime_ms);
}

/* True if the request takes so long that a caller is better served with the current token. */
static bool is_hanging(const iauth_client *client) {
  return client->in_flight && client->now.mono_ms >= client->started.mono_ms + IAUTH__HANGING_MS;
}

/* True if a caller waits for the apis of the current token, not for a token. */
static bool waits_for_apis(const iauth_client *client, const struct waiter *waiter) {
  return waiter->needs_apis && client->token != NULL;
}

/* Decides about one caller. True if the caller has its answer now. */
static bool decide_answer(const iauth_client *client, struct waiter *waiter) {
  bool for_apis = waits_for_apis(client, waiter);
  const struct backoff *backoff = for_apis ? &client->apis_backoff : &client->backoff;
  int64_t now_ms = client->now.mono_ms, next_ms = next_try_mono_ms(client, backoff, waiter->force_refresh);
  bool late = now_ms >= waiter->deadline_mono_ms;
  bool failed_since = has_failed(backoff) && backoff->failed_mono_ms >= waiter->asked_mono_ms;
  bool wait_is_on = has_failed(backoff) && !client->in_flight && now_ms < next_ms;
  if (waiter->failure.error != IAUTH_OK)
    return true; /* cancelled */
  bool good;
  if (for_apis) {
    good = client->token->public.apis != NULL;
  } else {
    /* The token will have its apis in a moment. */
    bool apis_soon = client->in_flight && client->request.public.kind == IAUTH_REQUEST_APIS && !is_hanging(client);
    /* A new token cannot be obtained soon, so any valid token will do. */
    bool in_need =
        late || failed_since || wait_is_on || is_hanging(client) || now_ms >= waiter->asked_mono_ms + IAUTH__HANGING_MS;
    /* A token that was obtained since then is good in any case: the API has no better one. */
    good = client->token != NULL && (late || !apis_soon) &&
           (client->grant_count != waiter->grant_count ||
            (!waiter->force_refresh && (in_need || is_fresh(client, waiter->min_validity_ms))));
  }
  if (good) {
    waiter->token = &client->token->public;
  } else if ((late && failed_since) ||
             (wait_is_on && (!backoff->failure.retryable || waiter->deadline_mono_ms < next_ms))) {
    copy_failure(client, backoff, waiter->force_refresh, &waiter->failure);
  } else if (late) {
    waiter->failure.error = IAUTH_ERR_TIMEOUT;
    waiter->failure.retryable = true;
    waiter->failure.attempts = backoff->failure.attempts;
  } else {
    return false;
  }
  return true;
}

static void answer(iauth_client *client, struct waiter *waiter) {
  HOST(client)->answer(HOST(client)->user, waiter->id, waiter->token, waiter->token != NULL ? NULL : &waiter->failure);
  iauth__release(HOST(client), waiter);
}

/* Moves all waiters that have an answer to a list of their own, then answers them. A callback may add new waiters. */
static void answer_waiters(iauth_client *client) {
  struct waiter **answered_end = &client->answered, **link = &client->waiting;
  while (*link != NULL) {
    struct waiter *waiter = *link;
    if (!decide_answer(client, waiter)) {
      link = &waiter->next;
      continue;
    }
    *link = waiter->next;
    waiter->next = NULL;
    *answered_end = waiter;
    answered_end = &waiter->next;
  }
  client->waiting_end = link;
  while (client->answered != NULL) { /* if a callback calls iauth_free, that answers the rest */
    struct waiter *waiter = client->answered;
    client->answered = waiter->next;
    answer(client, waiter);
  }
}

/* ---------------------------------------------------------------------------------------------------
 * Tokens and failures from elsewhere. */

/* Stores an offered token if it expires later than the current one. A reply to our own request is also stored if it
 * expires earlier, but is another token. */
static iauth_error adopt_offer(iauth_client *client, const iauth_token *offered, bool is_reply) {
  if (IS_DISPOSED(client))
    return IAUTH_ERR_DISPOSED;
  read_clocks(client);
  if (!iauth__is_credential(offered->access_token))
    return IAUTH_ERR_BAD_TOKEN;
  if (hash_of(offered->access_token) == client->refused_hash)
    return IAUTH_ERR_TOKEN_EXPIRED;
  /* Whatever expired before 1970 must not overflow. */
  int64_t left = iauth__min(iauth__max(offered->expires_wall_ms, 0) - client->now.wall_ms, IAUTH__LIFETIME_MAX_MS);
  if (offered->lifetime_ms > 0)
    left = iauth__min(left, offered->lifetime_ms);
  if (offered->left_ms >= 0)
    left = iauth__min(left, offered->left_ms);
  if (left <= 0)
    return IAUTH_ERR_BAD_EXPIRES_IN;
  bool is_same = is_current(client, offered->access_token);
  if (client->token != NULL && (is_same || !is_reply) &&
      left <= remaining_ms(client) + (is_same ? IAUTH__SAME_TOKEN_GAIN_MS : 0))
    return is_reply ? IAUTH_ERR_TOKEN_EXPIRED : IAUTH_OK;
  iauth_token grant = {
      .access_token = iauth__copy(HOST(client), offered->access_token),
      .expiration = offered->expiration,
      .expires_wall_ms = client->now.wall_ms + left,
      .expires_mono_ms = client->now.mono_ms + left,
      .lifetime_ms = iauth__max(left, iauth__min(offered->lifetime_ms, IAUTH__LIFETIME_MAX_MS)),
  };
  iauth_error error = grant.access_token != NULL ? IAUTH_OK : IAUTH_ERR_NO_MEMORY;
  if (error == IAUTH_OK && offered->apis_len > 0)
    error = iauth__copy_apis(HOST(client), offered->apis, offered->apis_len, &grant);
  if (error == IAUTH_OK)
    error = set_token(client, &grant);
  iauth__token_clean_up(&grant, HOST(client));
  return error;
}

iauth_error iauth_adopt(iauth_client *client, const iauth_token *offered) {
  return adopt_offer(client, offered, false);
}

iauth_error iauth_adopt_reply(iauth_client *client, uint32_t id, const iauth_token *offered) {
  bool is_reply = client->in_flight && id == client->request.public.id;
  iauth_error error = adopt_offer(client, offered, is_reply);
  if (!is_reply)
    return error;
  if (error != IAUTH_OK) {
    fail_request(client, error, 0, 0, NULL);
  } else {
    end_request(client);
    client->grant_count++;
  }
  return error;
}

void iauth_sibling_failed(iauth_client *client, const iauth_failure *failure) {
  if (IS_DISPOSED(client) || client->in_flight || failure->error > IAUTH_ERR_TIMEOUT ||
      failure->error < IAUTH_ERR_UNTRUSTED_ROUTE)
    return;
  read_clocks(client);
  int64_t attempts = iauth__min(failure->attempts, IAUTH__SIBLING_ATTEMPTS_MAX);
  attempts = iauth__max(attempts, client->backoff.failure.attempts);
  client->backoff.failure.attempts = (int)iauth__max(attempts - 1, 0); /* add_failure adds 1 */
  record_token_failure(client, failure->error, failure->status,
                       iauth__min(iauth__max(failure->retry_after_ms, 0), IAUTH__SERVER_WAIT_MAX_MS),
                       message_new(client, failure->server_message));
}

void iauth_invalidate(iauth_client *client, const char *access_token) {
  client->refused_hash = hash_of(access_token);
  if (!is_current(client, access_token))
    return;
  drop_token(client);
  client->keep_fresh = client->waiting != NULL;
}

void iauth_wake(iauth_client *client) {
  struct backoff *backoff = &client->backoff;
  read_clocks(client);
  int64_t now_ms = client->now.mono_ms, from_ms = iauth__max(client->wake_budget_mono_ms, now_ms);
  if (!has_failed(backoff) || kind_of(backoff->failure.error) == REFUSED || backoff->server_ordered ||
      from_ms - now_ms > IAUTH__WAKE_INTERVAL_MS)
    return;
  client->wake_budget_mono_ms = from_ms + IAUTH__WAKE_INTERVAL_MS;
  backoff->caller_try_mono_ms = backoff->forced_try_mono_ms = backoff->background_try_mono_ms = now_ms;
}

const iauth_token *iauth_current(iauth_client *client, int64_t min_validity_ms) {
  if (client->token == NULL)
    return NULL;
  iauth_use(client);
  return remaining_ms(client) > 0 && is_fresh(client, min_validity_ms) ? &client->token->public : NULL;
}

/* ---------------------------------------------------------------------------------------------------
 * The run. */

static void check_deadlines(iauth_client *client) {
  if (client->token != NULL && remaining_ms(client) <= 0)
    drop_token(client);
  if (client->in_flight && client->now.mono_ms >= client->started.mono_ms + client->timeout_ms) {
    HOST(client)->cancel(HOST(client)->user, client->request.public.id);
    fail_request(client, IAUTH_ERR_TIMEOUT, 0, 0, NULL);
  }
}

/* Events are emitted before callers are answered, so a caller finds the new token in the client. A callback may add or
 * remove events. */
static void emit_events(iauth_client *client) {
  for (int kind = 1; kind <= IAUTH_EVENT_TOKEN && !IS_DISPOSED(client); kind++) {
    if (!(client->events & 1u << kind))
      continue;
    client->events &= ~(1u << kind);
    iauth_failure failure;
    copy_failure(client, &client->backoff, false, &failure);
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

/* When the background requests a token. INT64_MAX: never, or not before the client is used again. */
static int64_t background_due_mono_ms(const iauth_client *client) {
  int64_t due_ms = client->now.mono_ms;
  if (!client->auto_refresh || !client->keep_fresh || client->lifetime_ms < IAUTH__BACKGROUND_INTERVAL_MS ||
      kind_of(client->backoff.failure.error) == REFUSED)
    return INT64_MAX;
  if (has_failed(&client->backoff))
    due_ms = client->backoff.background_try_mono_ms;
  else if (client->token != NULL)
    due_ms += remaining_ms(client) - client->token->refresh_lead_ms;
  due_ms = iauth__max(due_ms, client->next_background_mono_ms);
  int64_t rest_ms = client->last_use_mono_ms + iauth__max(IAUTH__REST_AFTER_MS, 2 * client->lifetime_ms);
  return due_ms <= rest_ms ? due_ms : INT64_MAX;
}

/* When callers request a token, or the apis of the current one. INT64_MAX: nobody waits for that. */
static int64_t callers_due_mono_ms(const iauth_client *client, bool for_apis) {
  const struct backoff *backoff = for_apis ? &client->apis_backoff : &client->backoff;
  int64_t due_ms = INT64_MAX;
  for (const struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next)
    if (waits_for_apis(client, waiter) == for_apis)
      due_ms = iauth__min(due_ms, next_try_mono_ms(client, backoff, waiter->force_refresh));
  return due_ms;
}

/* When the next token request is due, for a caller or the background. */
static int64_t token_due_mono_ms(const iauth_client *client) {
  return iauth__min(background_due_mono_ms(client), callers_due_mono_ms(client, false));
}

/* Starts a request if one is due. If no request can get a token, records that as a failure. */
static void start_due(iauth_client *client) {
  int64_t now_ms = client->now.mono_ms;
  bool is_token_due = token_due_mono_ms(client) <= now_ms;
  client->start_denied = false;
  if (IS_DISPOSED(client) || client->in_flight || (!is_token_due && callers_due_mono_ms(client, true) > now_ms))
    return;
  if (HOST(client)->may_start != NULL && !HOST(client)->may_start(HOST(client)->user)) {
    client->start_denied = true;
  } else if (!is_token_due) {
    start_request(client, IAUTH_REQUEST_APIS);
  } else if (client->token != NULL && !client->token->refresh_refused) {
    start_request(client, IAUTH_REQUEST_REFRESH);
  } else if (client->identity.flow != IAUTH_FLOW_TOKEN) {
    start_request(client, IAUTH_REQUEST_AUTH);
  } else if (client->can_reauthorize) {
    start_request(client, IAUTH_REQUEST_REAUTHORIZE);
  } else {
    record_token_failure(client, IAUTH_ERR_TOKEN_EXPIRED, 0, 0, NULL);
  }
}

/* The time until the next decision. Negative if there is none. */
static int64_t next_delay_ms(const iauth_client *client) {
  int64_t now_ms = client->now.mono_ms;
  int64_t next = iauth__min(token_due_mono_ms(client), callers_due_mono_ms(client, true));
  if (client->start_denied)
    next = INT64_MAX;
  if (client->in_flight)
    next = client->started.mono_ms + (client->waiting == NULL || is_hanging(client)
                                          ? client->timeout_ms
                                          : iauth__min(client->timeout_ms, IAUTH__HANGING_MS));
  for (const struct waiter *waiter = client->waiting; waiter != NULL; waiter = waiter->next) {
    int64_t in_need_ms = waiter->asked_mono_ms + IAUTH__HANGING_MS;
    next = iauth__min(next, waiter->deadline_mono_ms);
    if (client->token != NULL && in_need_ms > now_ms)
      next = iauth__min(next, in_need_ms);
  }
  if (client->token != NULL)
    next = iauth__min(next, now_ms + remaining_ms(client));
  if (next == INT64_MAX)
    return -1;
  return iauth__min(iauth__max(0, next - now_ms), IAUTH__TIMER_MAX_MS);
}

static void release_client(iauth_client *client) {
  retire_token(client);
  reset_backoff(client, &client->backoff);
  reset_backoff(client, &client->apis_backoff);
  free_retired(client);
  iauth__release(HOST(client), client);
}

void iauth_run(iauth_client *client) {
  client->run_again = true;
  if (client->running || IS_DISPOSED(client))
    return;
  client->running = true;
  client->run_again = false;
  read_clocks(client);
  check_deadlines(client);
  emit_events(client);
  answer_waiters(client);
  start_due(client);
  client->running = false;
  if (IS_DISPOSED(client)) {
    release_client(client);
    return;
  }
  free_retired(client);
  bool has_events = client->run_again || client->events != 0; /* callbacks of this run caused them */
  HOST(client)->arm(HOST(client)->user, has_events ? 0 : next_delay_ms(client));
}

/* ---------------------------------------------------------------------------------------------------
 * Making and freeing a client. */

static bool is_empty(const char *text) { return text == NULL || *text == '\0'; }

/* Checks the configuration and fills `identity` with its strings and defaults. The strings still belong to the user. */
static iauth_error check_config(const iauth_config *config, iauth__identity *identity) {
  *identity = (iauth__identity){
      .endpoint = config->endpoint,
      .api_key = config->api_key,
      .credential = config->flow != IAUTH_FLOW_TOKEN ? config->credential : "",
      .domain_key_name = is_empty(config->domain_key_name) ? "domainKey" : config->domain_key_name,
      .personal_secret = is_empty(config->user_personal_secret) ? "" : config->user_personal_secret,
      .flow = config->flow,
  };
  bool has_personal = *identity->personal_secret != '\0';
  if (!iauth__is_credential(identity->api_key) || !iauth__is_credential(identity->domain_key_name) ||
      (config->flow != IAUTH_FLOW_TOKEN && !iauth__is_credential(identity->credential)) ||
      (has_personal && (config->flow != IAUTH_FLOW_SECRET || !iauth__is_credential(identity->personal_secret))))
    return IAUTH_ERR_INVALID_CONFIG;
  return iauth__check_endpoint(config->endpoint, config->allow_insecure);
}

#ifdef IAUTH_ONLY_HOST
iauth_client iauth__only_client;

/* In wasm there is one client, at a fixed address. It uses the strings of its configuration, which live as long. */
static iauth_client *client_alloc(const iauth_host *host, iauth__identity *identity) {
  (void)host, (void)identity;
  return &iauth__only_client;
}
#else
/* Allocates a client, and copies the strings of `identity` into the same block of memory. */
static iauth_client *client_alloc(const iauth_host *host, iauth__identity *identity) {
  const char **strings[] = {&identity->endpoint, &identity->api_key, &identity->credential, &identity->domain_key_name,
                            &identity->personal_secret};
  size_t size = sizeof(iauth_client);
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
    size += strlen(*strings[i]) + 1;
  iauth_client *client = iauth__alloc(host, size);
  if (client == NULL)
    return NULL;
  char *at = (char *)(client + 1);
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    char *end = iauth__append(at, *strings[i]);
    *strings[i] = at;
    at = end + 1;
  }
  return client;
}
#endif

iauth_error iauth_new(const iauth_config *config, const iauth_host *host, iauth_client **out) {
  iauth__identity identity;
  *out = NULL;
  iauth_error error = check_config(config, &identity);
  if (error != IAUTH_OK)
    return error;
  iauth_client *client = client_alloc(host, &identity);
  if (client == NULL)
    return IAUTH_ERR_NO_MEMORY;
  memset(client, 0, sizeof *client);
#ifndef IAUTH_ONLY_HOST
  client->host = host;
#endif
  client->identity = identity;
  client->auto_refresh = config->auto_refresh;
  client->can_reauthorize = config->can_reauthorize;
  client->timeout_ms = timeout_of(config->timeout_ms);
  client->lifetime_ms = IAUTH__BACKGROUND_INTERVAL_MS; /* unknown; a shorter one would stop the background */
  client->generation = 1;
  client->now = host->now(host->user);
  client->waiting_end = &client->waiting;
  client->next_start_mono_ms = client->next_background_mono_ms = client->now.mono_ms;
  *out = client;
  return IAUTH_OK;
}

#ifndef IAUTH_ONLY_HOST
void iauth_free(iauth_client *client) {
  if (client == NULL || IS_DISPOSED(client))
    return;
  client->disposed = true;
  if (client->in_flight) {
    HOST(client)->cancel(HOST(client)->user, client->request.public.id);
    end_request(client);
  }
  while (client->answered != NULL || client->waiting != NULL) {
    struct waiter **first = client->answered != NULL ? &client->answered : &client->waiting, *waiter = *first;
    *first = waiter->next;
    waiter->token = NULL;
    waiter->failure = (iauth_failure){.error = IAUTH_ERR_DISPOSED};
    answer(client, waiter);
  }
  if (!client->running)
    release_client(client);
}
#endif
