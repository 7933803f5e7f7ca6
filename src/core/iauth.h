/* inbenta-auth core: obtains an access token from Inbenta's Auth API and keeps it fresh.
 *
 * The core does no I/O. The host passes time, randomness, memory, transport and timers as iauth_host. So the same state
 * machine runs in a page, on a server, in a fuzzer and in a simulation.
 *
 * How to use it: an input (iauth_get, iauth_cancel, iauth_use, iauth_adopt, iauth_sibling_failed, iauth_invalidate,
 * iauth_wake, iauth_respond, iauth_fail) only records what happened. Then iauth_run decides: it answers waiters, starts
 * at most one request and sets the timer. Call iauth_run after inputs and when the timer fires.
 *
 * Ownership: the core copies what the caller passes, or uses it only during the call. What the core passes to the host
 * is borrowed for that call, except an iauth_request, which lives until it is completed or cancelled. Only one thread
 * at a time may use a client. All durations are in milliseconds; their names end in _ms. */
#ifndef IAUTH_H
#define IAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---------------------------------------------------------------------------------------------------
 * Errors: 0 is ok, a negative number is an error. The details are fields of iauth_failure, not text to parse. */

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

/* The C name of an error without its prefix, for example "BAD_EXPIRES_IN"; "unknown" as in iauth_error_code. */
const char *iauth_error_name(iauth_error error);

/* ---------------------------------------------------------------------------------------------------
 * Types. */

/* Both clocks, in milliseconds. Waits use the monotonic clock. A token is expired as soon as it is expired on one of
 * them: the monotonic clock can stop while a laptop sleeps, and a user can set the wall clock. */
typedef struct {
  int64_t mono_ms;
  int64_t wall_ms; /* since 1970-01-01T00:00Z */
} iauth_time;

/* An access token. The core never decodes it. */
typedef struct {
  const char *access_token;
  const char *apis; /* "name\0https://url\0name\0https://url\0", apis_len bytes; NULL if unknown */
  size_t apis_len;
  double expiration;       /* Unix seconds on the server's clock, as the API sent it */
  int64_t expires_wall_ms; /* on this machine's clocks: start of the request + expires_in */
  int64_t expires_mono_ms;
  int64_t lifetime_ms;
  int64_t left_ms; /* only for iauth_adopt: the remaining lifetime that the sender knows; negative: unknown */
} iauth_token;

typedef struct {
  iauth_error error;
  int status;             /* HTTP status; 0 if there was no response */
  bool retryable;         /* a later try may succeed without any change */
  int attempts;           /* failed requests in a row, with this one */
  int64_t retry_after_ms; /* time until a caller can cause a request again; 0: now */
  /* The server's message for people, or NULL: printable UTF-8 of at most IAUTH_MESSAGE_MAX bytes, without credentials
   * of this client. Do not parse it. */
  const char *server_message;
} iauth_failure;

typedef enum {
  IAUTH_REQUEST_AUTH = 1,   /* POST /auth */
  IAUTH_REQUEST_REFRESH,    /* POST /refreshToken */
  IAUTH_REQUEST_APIS,       /* GET /apis, if /auth left them out */
  IAUTH_REQUEST_REAUTHORIZE /* asks the page, not by HTTP; complete it with iauth_adopt_reply or iauth_fail */
} iauth_request_kind;

/* One HTTP request to send. `headers` is name, value, name, value, …, NULL. `body` is NULL if there is none. */
typedef struct {
  iauth_request_kind kind;
  uint32_t id;
  const char *method;
  const char *url;
  const char *const *headers;
  const char *body;
  size_t body_len;
} iauth_request;

/* The headers of a response that the core reads, in the order in which they cross the wasm boundary.
 * js/client/boundary.js is generated from this list. */
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

/* One HTTP response. Header values have no white space around them; a missing header is "". headers.h reads them from
 * lines. */
typedef struct {
  int status;
  const char *headers[IAUTH_HEADERS];
  const char *body;
  size_t body_len;
} iauth_response;

/* The rate limits of the API key, from the API's headers (docs/wire.md). -1 if a header is missing. */
typedef struct {
  int64_t quota_usage_percent;
  int64_t throttle_usage_percent;
  int64_t quota_reset_s; /* Unix seconds on the server's clock */
  int64_t throttle_reset_s;
} iauth_quota;

/* In the order in which they are emitted. */
typedef enum {
  IAUTH_EVENT_QUOTA = 1, /* `quota` is set */
  IAUTH_EVENT_EXPIRED,   /* the token expired, was refused or was invalidated, and there is no new one */
  IAUTH_EVENT_ERROR,     /* an attempt failed; `failure` is set */
  IAUTH_EVENT_TOKEN      /* a new token, or the apis of the current one; `token` is set */
} iauth_event_kind;

/* The kind decides which of the pointers is set. */
typedef struct {
  iauth_event_kind kind;
  union {
    const iauth_token *token;
    const iauth_failure *failure;
    const iauth_quota *quota;
  };
} iauth_event;

/* ---------------------------------------------------------------------------------------------------
 * The host: the functions that the core calls. All of them get `user`. Only `answer` and `event` may call or free the
 * client. */

typedef struct {
  void *user;
  void *(*alloc)(void *user, size_t size); /* may return NULL */
  /* Wipes the memory first, because it held keys and tokens. `ptr` may be NULL. */
  void (*release)(void *user, void *ptr);
  iauth_time (*now)(void *user);
  uint32_t (*random)(void *user);
  /* Starts a request. After 0, the host completes the request exactly once, unless it is cancelled: by iauth_respond,
   * iauth_fail or, for IAUTH_REQUEST_REAUTHORIZE, iauth_adopt_reply. It must not do so before send returns. After an
   * error, the request has failed, and the host does not complete it. */
  iauth_error (*send)(void *user, const iauth_request *request);
  /* Cancels a request. Its iauth_request is freed after this call. A late completion is ignored. */
  void (*cancel)(void *user, uint32_t id);
  /* Sets the timer: the host calls iauth_run after delay_ms. This replaces the previous timer. A negative delay means
   * no timer. */
  void (*arm)(void *user, int64_t delay_ms);
  /* Answers a caller of iauth_get, exactly once: with a token, or with NULL and a failure. */
  void (*answer)(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure);
  void (*event)(void *user, const iauth_event *event);
  /* True if a request may start now. If false, the host calls iauth_run as soon as one may start. NULL: always true. */
  bool (*may_start)(void *user);
} iauth_host;

typedef enum {
  IAUTH_FLOW_DOMAIN_KEY, /* the credential is a domain key; the browser adds Origin */
  IAUTH_FLOW_SECRET,     /* the credential is a secret; never in a browser */
  IAUTH_FLOW_TOKEN       /* no credential; the host passes tokens to iauth_adopt */
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
  bool can_reauthorize; /* IAUTH_FLOW_TOKEN only: host.send accepts IAUTH_REQUEST_REAUTHORIZE */
  bool allow_insecure;  /* allows plain http to other machines; for test networks only */
} iauth_config;

typedef struct iauth_client iauth_client;

/* ---------------------------------------------------------------------------------------------------
 * Making and freeing a client. */

/* Makes a client. Checks and copies `config`, and borrows `host` until iauth_free. Sends nothing. Returns 0 and sets
 * *out; or returns INVALID_CONFIG, INSECURE_ENDPOINT (plain http to another machine) or NO_MEMORY and sets *out to
 * NULL. */
iauth_error iauth_new(const iauth_config *config, const iauth_host *host, iauth_client **out);

/* Cancels the request, answers every waiter with DISPOSED, wipes and frees the client, which may be NULL. No callback
 * follows after it returns. If a callback calls it, the core uses its memory and the host until the outer iauth_run
 * returns. A callback that calls iauth_get meanwhile gets DISPOSED. */
void iauth_free(iauth_client *client);

/* ---------------------------------------------------------------------------------------------------
 * Inputs. They record; iauth_run acts. */

typedef struct {
  int64_t min_validity_ms; /* the token is valid for at least this long, or for a quarter of its lifetime if that is
                              shorter; a token obtained after the call only has to be valid */
  int64_t timeout_ms;      /* for the whole call; 0 means 10,000 */
  bool force_refresh;      /* accept only a token that was obtained after this call */
  bool needs_apis; /* accept any valid token with known apis; if they are unknown, GET /apis is sent (again), and its
                      failure is the answer */
} iauth_get_options;

/* Adds a caller to the waiting list. `waiter` is a number of the host's choice. iauth_run or iauth_free call
 * host.answer for it exactly once. A token that is valid for less than min_validity_ms is the answer after a failed
 * attempt, or after 2 s without a response. After NO_MEMORY or DISPOSED there is no answer. */
iauth_error iauth_get(iauth_client *client, uint32_t waiter, const iauth_get_options *options);

/* Answers a caller with ABORTED. The request continues, because other callers may share it. An unknown waiter is
 * ignored. */
void iauth_cancel(iauth_client *client, uint32_t waiter);

/* Records that somebody uses the token. A client that is not used for two lifetimes, at least an hour, stops refreshing
 * until it is used again. iauth_get and iauth_current count as uses, too. */
void iauth_use(iauth_client *client);

/* Takes a token from elsewhere: another tab, a server, or storage. Ignores it unless it expires later than the current
 * one. `token` must have access_token, expires_wall_ms, lifetime_ms (0: unknown) and left_ms. Its remaining lifetime is
 * the smallest of left_ms, lifetime_ms and the time until expires_wall_ms. expires_mono_ms is computed. `apis` may be
 * NULL; unusable ones are left out. Returns 0, BAD_TOKEN, TOKEN_EXPIRED (it was invalidated), BAD_EXPIRES_IN (it has
 * expired), NO_MEMORY or DISPOSED. */
iauth_error iauth_adopt(iauth_client *client, const iauth_token *token);

/* Records a failed request of another client with the same keys, for example in another tab, as if it were our own:
 * callers are answered, and the next request waits as long. Reads error, status, retry_after_ms, attempts and
 * server_message, from which credentials are removed. Ignored while a request of our own is in flight, and for errors
 * that no request has. */
void iauth_sibling_failed(iauth_client *client, const iauth_failure *failure);

/* Completes an IAUTH_REQUEST_REAUTHORIZE with the page's token. It replaces the current token, even if it expires
 * earlier. The same token again is TOKEN_EXPIRED unless it expires later. If `id` is not that request, does the same as
 * iauth_adopt. */
iauth_error iauth_adopt_reply(iauth_client *client, uint32_t id, const iauth_token *token);

/* Drops the current token if it is this one, because an API refused it or the user signed out. iauth_adopt does not
 * accept it any more. A new token is requested when somebody asks for one, not before. */
void iauth_invalidate(iauth_client *client, const char *access_token);

/* The machine woke up or came online, or the page became visible: ends our own wait after a failure, but not a wait
 * that the server asked for, and not the one after a refusal. This works twice in a row, then once every two
 * minutes. */
void iauth_wake(iauth_client *client);

/* Completes request `id` with an HTTP response. Ignored if another request is in flight. */
void iauth_respond(iauth_client *client, uint32_t id, const iauth_response *response);

/* Completes request `id` without a response: NETWORK, TIMEOUT, BODY_TOO_LARGE, NO_MEMORY, UNTRUSTED_ROUTE (TLS, a
 * certificate or a proxy: callers are answered immediately, because a retry would fail too), or the error of a
 * reauthorize callback. */
void iauth_fail(iauth_client *client, uint32_t id, iauth_error error);

/* Emits events, answers waiters, starts a request, sets the timer. It may be called at any time, even in a callback. */
void iauth_run(iauth_client *client);

/* The current token if it is valid for at least min_validity_ms from now, else NULL. Borrowed until
 * the next call. */
const iauth_token *iauth_current(iauth_client *client, int64_t min_validity_ms);

/* ---------------------------------------------------------------------------------------------------
 * Limits. */

#define IAUTH_BODY_MAX 65536      /* bytes of a response's body; a transport may stop after one byte more */
#define IAUTH_CREDENTIAL_MAX 8192 /* bytes of a key, a secret or an access token */
#define IAUTH_MESSAGE_MAX 200     /* bytes of a server's message */

/* Inbenta's own endpoint (docs/wire.md "Requests"): the default. */
#define IAUTH_ENDPOINT "https://api.inbenta.io/v1"

#endif
