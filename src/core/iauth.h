/* inbenta-auth core: obtains an access token from Inbenta's Auth API and keeps it fresh.
 *
 * There is no I/O in here. Time, randomness, memory, transport and timers are handed in as
 * iauth_host, so that one state machine runs in a page, in a server, in a fuzzer and in a
 * simulation.
 *
 * How to drive it: every input (iauth_get, iauth_cancel, iauth_use, iauth_adopt,
 * iauth_hear, iauth_invalidate, iauth_wake, iauth_respond, iauth_fail) only records what happened. iauth_run then decides: it answers
 * waiters, starts at most one request and sets the timer. Call iauth_run after inputs and when the
 * timer fires.
 *
 * Ownership: what the caller passes in is copied or used during the call only. What the core hands
 * out is borrowed for that call, except an iauth_request, which lives until it is completed or
 * cancelled. A client is used by one thread at a time. All durations are in milliseconds and say
 * so. */
#ifndef IAUTH_H
#define IAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------------------------------------------
 * Errors: 0 is ok, negative is an error. Details are fields of iauth_failure, not text to parse. */

typedef enum {
  IAUTH_OK = 0,
#define IAUTH_ERROR(name, number, js) IAUTH_ERR_##name = (number),
#include "core/errors.def"
#undef IAUTH_ERROR
} iauth_error;

/* The JavaScript code of an error, for example "origin_not_allowed"; "ok" for 0 and "unknown" for a
 * number that is not in errors.def. Static text, never NULL. */
const char *iauth_error_code(iauth_error error);

/* The first error with this JavaScript code, 0 if there is none. */
iauth_error iauth_error_of_code(const char *code);

/* The C name of an error without its prefix, for example "BAD_EXPIRES_IN". As iauth_error_code. */
const char *iauth_error_name(iauth_error error);

/* ---------------------------------------------------------------------------------------------------
 * What the core works with. */

/* Both clocks, in milliseconds. The monotonic one decides on intervals; a token is expired as soon
 * as one of the two says so, because a laptop's sleep stops the first and a user can set the
 * second. */
typedef struct {
  int64_t mono_ms;
  int64_t wall_ms; /* since 1970-01-01T00:00Z */
} iauth_time;

/* A current access token. Opaque to us: it is never decoded to make a decision. */
typedef struct {
  const char *access_token;
  const char *apis; /* "name\0https://url\0name\0https://url\0", apis_len bytes; NULL if unknown */
  size_t apis_len;
  double expiration;       /* Unix seconds on the server's clock, as the API gave it */
  int64_t expires_wall_ms; /* on this machine's clocks: start of the request + expires_in */
  int64_t expires_mono_ms;
  int64_t lifetime_ms;
  int64_t left_ms; /* only for iauth_adopt: what is left of its life as the giver knows it; negative: unknown */
} iauth_token;

typedef struct {
  iauth_error error;
  int status;             /* HTTP status, 0 if there was no answer */
  bool retryable;         /* a later try may succeed without anybody changing anything */
  int attempts;           /* requests in a row that failed, this one included */
  int64_t retry_after_ms; /* how long until a caller's next try reaches the network; 0 if at once */
  /* The server's own sentence, or NULL: printable UTF-8 of at most IAUTH_MESSAGE_MAX bytes, without credentials of this
   * client. For people; never to be parsed. */
  const char *server_message;
} iauth_failure;

typedef enum {
  IAUTH_REQUEST_AUTH = 1,   /* POST /auth */
  IAUTH_REQUEST_REFRESH,    /* POST /refreshToken */
  IAUTH_REQUEST_APIS,       /* GET /apis, where /auth left them out */
  IAUTH_REQUEST_REAUTHORIZE /* ask the page for a token; not HTTP, complete with adopt or fail */
} iauth_request_kind;

/* One HTTP request to make. `headers` is name, value, name, value, …, NULL. `body` is NULL for
 * none. */
typedef struct {
  iauth_request_kind kind;
  uint32_t id;
  const char *method;
  const char *url;
  const char *const *headers;
  const char *body;
  size_t body_len;
} iauth_request;

/* The headers of an answer that matter here, with their names, in the order in which they cross the
 * wasm boundary (js/client/boundary.js is generated from it). */
#define IAUTH_RESPONSE_HEADERS(HEADER)                                                                                 \
  HEADER(CONTENT_TYPE, "content-type")                                                                                 \
  HEADER(DATE, "date")                                                                                                 \
  HEADER(RETRY_AFTER, "retry-after")                                                                                   \
  HEADER(QUOTA_USAGE, "x-quota-usage")                                                                                 \
  HEADER(THROTTLE_USAGE, "x-throttle-usage")                                                                           \
  HEADER(QUOTA_RESET, "x-quota-reset")                                                                                 \
  HEADER(THROTTLE_RESET, "x-throttle-reset")

typedef enum {
#define IAUTH_HEADER(name, text) IAUTH_HEADER_##name,
  IAUTH_RESPONSE_HEADERS(IAUTH_HEADER)
#undef IAUTH_HEADER
      IAUTH_HEADERS
} iauth_header;

/* One HTTP answer. Headers are without white space around them, and "" where there is none; a
 * transport that has them as lines fills them in by headers.h. */
typedef struct {
  int status;
  const char *headers[IAUTH_HEADERS];
  const char *body;
  size_t body_len;
} iauth_response;

/* Rate limits as the API's headers tell them (docs/wire.md: per API key). -1 where a header is missing.
 */
typedef struct {
  int64_t quota_usage_percent;
  int64_t throttle_usage_percent;
  int64_t quota_reset_s; /* Unix seconds on the server's clock */
  int64_t throttle_reset_s;
} iauth_quota;

/* In the order in which they are told. */
typedef enum {
  IAUTH_EVENT_QUOTA = 1, /* `quota` is set */
  IAUTH_EVENT_EXPIRED,   /* the token ran out, was refused or invalidated before a new one came */
  IAUTH_EVENT_ERROR,     /* an attempt failed; `failure` is set */
  IAUTH_EVENT_TOKEN      /* a new token, or the same with its apis; `token` is set */
} iauth_event_kind;

/* By its kind one of these, or none. */
typedef struct {
  iauth_event_kind kind;
  union {
    const iauth_token *token;
    const iauth_failure *failure;
    const iauth_quota *quota;
  };
} iauth_event;

/* ---------------------------------------------------------------------------------------------------
 * What the core is given. All callbacks get `user`. Only `answer` and `event` may call the client; they may also free it. */

typedef struct {
  void *user;
  void *(*alloc)(void *user, size_t size); /* may return NULL */
  /* Wipes what it releases, because keys and tokens were in there. NULL is fine. */
  void (*release)(void *user, void *ptr);
  iauth_time (*now)(void *user);
  uint32_t (*random)(void *user);
  /* Starts a request. 0: it will be completed exactly once by iauth_respond, iauth_fail or
   * (reauthorize) iauth_adopt_reply, unless it is cancelled, and never before send returns. An
   * error: it failed at once and no completion follows. */
  iauth_error (*send)(void *user, const iauth_request *request);
  /* The request is no longer wanted; its iauth_request dies now. A late completion is harmless. */
  void (*cancel)(void *user, uint32_t id);
  /* Calls iauth_run after delay_ms, replacing the previous timer; a negative delay means no timer.
   */
  void (*arm)(void *user, int64_t delay_ms);
  /* The one answer to iauth_get: a token, or NULL and why. */
  void (*answer)(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure);
  void (*event)(void *user, const iauth_event *event);
  /* Whether a request may start now. If not, the host calls iauth_run as soon as one may. NULL: always. */
  bool (*may_start)(void *user);
} iauth_host;

typedef enum {
  IAUTH_FLOW_DOMAIN_KEY, /* credential = domain key; the browser adds Origin */
  IAUTH_FLOW_SECRET,     /* credential = secret; never in a browser */
  IAUTH_FLOW_TOKEN       /* no credential: tokens come by iauth_adopt */
} iauth_flow;

typedef struct {
  iauth_flow flow;
  const char *endpoint; /* for example IAUTH_ENDPOINT */
  const char *api_key;
  const char *credential;
  const char *domain_key_name;      /* the member of /auth's body that holds the domain key; NULL or "": "domainKey" */
  const char *user_personal_secret; /* IAUTH_FLOW_SECRET only, for editor APIs; NULL or "": none */
  int64_t timeout_ms;               /* for one attempt; 0 means 10,000 */
  bool auto_refresh;
  bool can_reauthorize; /* IAUTH_FLOW_TOKEN: host.send takes IAUTH_REQUEST_REAUTHORIZE */
  bool allow_insecure;  /* http to hosts other than this machine: for test networks only */
} iauth_config;

typedef struct iauth_client iauth_client;

/* ---------------------------------------------------------------------------------------------------
 * Life of a client. */

/* Makes a client. Checks and copies `config`, borrows `host` until iauth_free; starts nothing.
 * Returns 0 and sets *out, or INVALID_CONFIG, INSECURE_ENDPOINT (neither https nor loopback) or
 * NO_MEMORY and sets *out to NULL. */
iauth_error iauth_new(const iauth_config *config, const iauth_host *host, iauth_client **out);

/* Cancels the request, answers every waiter with DISPOSED, wipes and frees. NULL is fine. When it returns, no callback
 * follows, and the client may not be used any more. Inside a callback it does the same, but memory, and with it the
 * borrowed host, is needed until the outer iauth_run returns. Callbacks that ask again get DISPOSED. */
void iauth_free(iauth_client *client);

/* ---------------------------------------------------------------------------------------------------
 * Inputs. They record; iauth_run acts. */

typedef struct {
  int64_t min_validity_ms; /* the token is valid for at least this long; of a short-lived token a quarter of its
                              lifetime is enough, and a token obtained after the call only has to be valid */
  int64_t timeout_ms;      /* the caller's total deadline; 0 means 10,000 */
  bool force_refresh;      /* only a token that was obtained after this call */
  bool needs_apis; /* what the current token is good for does not matter: where its apis are unknown, GET /apis is
                          tried (again), and its failure is the answer as what it is */
} iauth_get_options;

/* Joins a caller, named by a number of its choice, to the waiting list. host.answer is called for
 * it exactly once, from iauth_run or iauth_free. A token that is valid but not for min_validity_ms is the answer if a new
 * one cannot be had at once: after a failed attempt, or 2 s of silence. NO_MEMORY, DISPOSED: not joined, no answer
 * follows. */
iauth_error iauth_get(iauth_client *client, uint32_t waiter, const iauth_get_options *options);

/* The caller leaves: answered with ABORTED. The shared request goes on. Unknown waiters are
 * ignored. */
void iauth_cancel(iauth_client *client, uint32_t waiter);

/* Somebody uses the token. A client that nobody uses for two lifetimes, at least an hour, rests: it does not refresh until
 * the next use. iauth_get and iauth_current are uses, too. */
void iauth_use(iauth_client *client);

/* Takes a token from elsewhere (another tab, a server, storage). It is ignored unless it outlives the
 * current one. `token` needs access_token, expires_wall_ms, lifetime_ms (0: unknown) and left_ms; what is left of its life
 * is the smallest of left_ms, lifetime_ms and the time until expires_wall_ms. expires_mono_ms is computed. apis may be
 * NULL; bad ones are left out. BAD_TOKEN, TOKEN_EXPIRED (invalidated before), BAD_EXPIRES_IN (expired), NO_MEMORY,
 * DISPOSED. */
iauth_error iauth_adopt(iauth_client *client, const iauth_token *token);

/* Takes the failure of another client with the same keys (a tab) as if it were our own, without a request: waits count,
 * callers are answered. Used of it are error, status, retry_after_ms, attempts and server_message, which is cleaned like a
 * server's. Ignored while a request of our own is under way, and where no request can fail like that. */
void iauth_hear(iauth_client *client, const iauth_failure *failure);

/* Completes an IAUTH_REQUEST_REAUTHORIZE with the page's token, which replaces the current one unless it is the same one
 * again. With the id of no such request, as iauth_adopt. */
iauth_error iauth_adopt_reply(iauth_client *client, uint32_t id, const iauth_token *token);

/* Drops the current token if it is still this one: a caller saw it refused, or the user signed out. Whoever offers it again
 * is not believed. A new one is asked for when somebody asks, not before. */
void iauth_invalidate(iauth_client *client, const char *access_token);

/* The machine woke, came online or became visible: a wait that we chose ourselves is over. Twice in a row, then once in
 * two minutes. */
void iauth_wake(iauth_client *client);

/* Completes request `id` with an HTTP answer. A late reply to another generation is dropped. */
void iauth_respond(iauth_client *client, uint32_t id, const iauth_response *response);

/* Completes request `id` without an answer: NETWORK, TIMEOUT, BODY_TOO_LARGE, NO_MEMORY,
 * UNTRUSTED_ROUTE (TLS, its certificate or a proxy: callers are told at once, because trying again
 * soon does not mend it), or what a reauthorize callback reports. */
void iauth_fail(iauth_client *client, uint32_t id, iauth_error error);

/* Decides: answers, starts a request, sets the timer. Safe to call at any time, also from
 * callbacks. */
void iauth_run(iauth_client *client);

/* The current token if it is valid for at least min_validity_ms from now, else NULL. Borrowed until
 * the next call. */
const iauth_token *iauth_current(iauth_client *client, int64_t min_validity_ms);

/* ---------------------------------------------------------------------------------------------------
 * Limits. */

#define IAUTH_BODY_MAX 65536      /* bytes of an answer's body; transports stop reading there */
#define IAUTH_CREDENTIAL_MAX 8192 /* bytes of a key, a secret or an access token */
#define IAUTH_MESSAGE_MAX 200     /* bytes of a server's sentence */

/* Inbenta's own endpoint (docs/wire.md "Requests"), for hosts whose user names none. */
#define IAUTH_ENDPOINT "https://api.inbenta.io/v1"

#endif
