/* inbenta-auth for servers: exchanges a secret for an access token of Inbenta's Auth API and keeps it fresh (the API
 * Secret flow). The same core runs in web pages as WebAssembly.
 *
 * There are two ways to use it:
 * - inbenta_auth: blocking and thread-safe. It has its own thread and refreshes before the token expires. All threads
 *   that ask at the same time share one request.
 * - inbenta_auth_loop: for programs with an event loop around a libcurl multi handle. It has no thread and no locks,
 *   and answers by callback.
 *
 * Strings are NUL-terminated UTF-8. Durations are in milliseconds; their names end in _ms. Error texts never contain
 * secrets or tokens. */
#ifndef INBENTA_AUTH_H
#define INBENTA_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inbenta_auth_version.h" /* INBENTA_AUTH_VERSION, a string */

#ifdef __cplusplus
extern "C" {
#endif

#if defined __GNUC__
#define INBENTA_AUTH_API __attribute__((visibility("default")))
#else
#define INBENTA_AUTH_API
#endif

/* ---------------------------------------------------------------------------------------------------
 * Errors. */

/* Error numbers are never reused. */
typedef enum {
  INBENTA_AUTH_OK = 0,
  INBENTA_AUTH_INVALID_CONFIG = 1,
  INBENTA_AUTH_INSECURE_ENDPOINT = 2, /* plain http to another machine */
  INBENTA_AUTH_NO_MEMORY = 3,         /* or no thread or socket handle could be made */
  INBENTA_AUTH_ABORTED = 4,           /* inbenta_auth_loop_cancel */
  INBENTA_AUTH_DISPOSED = 5,          /* the client was freed while the call waited */
  INBENTA_AUTH_TIMEOUT = 6,           /* no answer in time */
  INBENTA_AUTH_NETWORK = 7,           /* connection refused, unreachable or broken */
  INBENTA_AUTH_DNS = 8,               /* the name of the endpoint cannot be resolved */
  INBENTA_AUTH_PROXY = 9,             /* the proxy is unreachable or refuses */
  INBENTA_AUTH_TLS = 10,              /* the TLS handshake failed */
  INBENTA_AUTH_CERTIFICATE = 11,      /* the server's certificate is not valid for the endpoint */
  INBENTA_AUTH_ORIGIN_NOT_ALLOWED = 12,
  INBENTA_AUTH_CREDENTIALS_REJECTED = 13,
  INBENTA_AUTH_KEY_REVOKED = 14,
  INBENTA_AUTH_TOKEN_EXPIRED = 15,
  INBENTA_AUTH_RATE_LIMITED = 16,
  INBENTA_AUTH_SERVER_ERROR = 17,
  INBENTA_AUTH_BAD_RESPONSE = 18, /* not a response of the Auth API */
  INBENTA_AUTH_BODY_TOO_LARGE = 19,
  INBENTA_AUTH_ENDPOINT_REFUSED = 20 /* refused, but not by the Auth API: wrong URL or a firewall */
} inbenta_auth_error;

#define INBENTA_AUTH_MESSAGE_SIZE 201 /* bytes, with the NUL */

typedef struct {
  inbenta_auth_error error;
  int status;             /* HTTP status; 0 if there was no response */
  bool retryable;         /* a later try may succeed without any change */
  int64_t retry_after_ms; /* time until the next request is possible; 0 if it is possible now */
  int attempts;           /* failed requests in a row */
  /* The message of the server: printable UTF-8 without credentials of this client, or "". */
  char server_message[INBENTA_AUTH_MESSAGE_SIZE];
  /* Why the API was not reached, in the words of libcurl: printable UTF-8, or "". */
  char network_message[INBENTA_AUTH_MESSAGE_SIZE];
} inbenta_auth_failure;

/* The name of an error, for example "credentials_rejected". Static text, never NULL. */
INBENTA_AUTH_API const char *inbenta_auth_error_code(inbenta_auth_error error);

/* A hint in one sentence: what to do about the error. Static text, never NULL. */
INBENTA_AUTH_API const char *inbenta_auth_error_hint(inbenta_auth_error error);

/* ---------------------------------------------------------------------------------------------------
 * Tokens. */

typedef struct {
  const char *name; /* the product, for example "chatbot" */
  const char *url;  /* its base URL */
} inbenta_auth_product;

/* An access token. Send it as "Authorization: Bearer …", together with the header "x-inbenta-key". */
typedef struct {
  const char *access_token;
  double expiration;     /* Unix seconds on the server's clock, as the API sent it */
  int64_t expires_at_ms; /* milliseconds since 1970 on this machine's clock */
  const inbenta_auth_product *apis;
  size_t apis_count;
  void *memory; /* holds all strings of the token */
  size_t memory_size;
} inbenta_auth_token;

/* The base URL of a product, or NULL if the token is not valid for it. The text lives as long as the token. */
INBENTA_AUTH_API const char *inbenta_auth_token_api(const inbenta_auth_token *token, const char *product);

/* Copies a token that the caller wants to keep. Returns OK or NO_MEMORY. Clean up *copy in both cases. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_token_copy(const inbenta_auth_token *token, inbenta_auth_token *copy);

/* Wipes and frees a token that the caller owns. The token may be all zero. */
INBENTA_AUTH_API void inbenta_auth_token_clean_up(inbenta_auth_token *token);

/* Gets a token, or NULL and a failure. Both are borrowed for the call. */
typedef void (*inbenta_auth_callback)(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure);

/* ---------------------------------------------------------------------------------------------------
 * Options. */

/* Only api_key and secret are required. Zero in any other field means the default. Strings are copied. */
typedef struct {
  const char *api_key;
  const char *secret;
  const char *user_personal_secret; /* for editor APIs; default: none */
  const char *endpoint;             /* default: "https://api.inbenta.io/v1" */
  int64_t timeout_ms;               /* for one request; default: 10,000 */
  bool no_auto_refresh;             /* refresh only when a caller asks for a token */
  bool allow_insecure;              /* allow plain http to other machines; for test networks only */
  const char *proxy;                /* as CURLOPT_PROXY of libcurl; NULL: libcurl reads the environment */
  const char *ca_file;              /* PEM file of certificate authorities; NULL: those of the system */
  /* Called for every new token and every failed attempt, even if no caller asked. With inbenta_auth, it runs in the
   * client's thread and must not call the client. On an event loop, it may call the client. A client with on_event
   * never stops refreshing, even if no caller asks. */
  inbenta_auth_callback on_event;
  void *on_event_user;
} inbenta_auth_options;

/* A wrong option. Static text, never NULL. */
typedef struct {
  const char *option; /* the member of inbenta_auth_options, for example "endpoint" */
  const char *advice; /* what is wrong with it; begins with a verb, for example "is missing" */
} inbenta_auth_mistake;

/* Looks for a mistake in the options without making a client. Returns OK and leaves *mistake as it is, or returns what
 * inbenta_auth_new would return, INVALID_CONFIG or INSECURE_ENDPOINT, and sets *mistake to the first mistake. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_check(const inbenta_auth_options *options,
                                                       inbenta_auth_mistake *mistake);

/* Zero means the default. */
typedef struct {
  int64_t min_validity_ms; /* valid for at least this long, at most a quarter of the lifetime; default: 0 */
  int64_t timeout_ms;      /* for the whole call; default: 10,000 */
  bool force_refresh;      /* accept only a token that was obtained after this call */
} inbenta_auth_get_options;

/* ---------------------------------------------------------------------------------------------------
 * Blocking, for any number of threads. */

typedef struct inbenta_auth inbenta_auth;

/* Makes a client and its thread. The first request starts when a caller asks for a token. On failure sets *out to NULL
 * and returns INVALID_CONFIG, INSECURE_ENDPOINT or NO_MEMORY; inbenta_auth_check says which option is wrong. Do not use
 * a client on both sides of a fork. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_new(const inbenta_auth_options *options, inbenta_auth **out);

/* Gets a fresh token. Returns immediately if the client has one, else waits at most timeout_ms. `options` may be NULL.
 * On OK, the caller owns *token and must clean it up. On failure, *token is all zero, and *failure has the details;
 * `failure` may be NULL. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_get(inbenta_auth *client, const inbenta_auth_get_options *options,
                                                     inbenta_auth_token *token, inbenta_auth_failure *failure);

/* Drops a token that an API refused (401, 403). Does nothing if the client has a newer token. The client sends nothing
 * until somebody asks for a token. */
INBENTA_AUTH_API void inbenta_auth_invalidate(inbenta_auth *client, const char *access_token);

/* Cancels the request in flight, answers all waiters with DISPOSED, wipes and frees the memory. No new call may begin
 * after this one. `client` may be NULL. */
INBENTA_AUTH_API void inbenta_auth_free(inbenta_auth *client);

/* ---------------------------------------------------------------------------------------------------
 * On an event loop. Only one thread at a time may use a client.
 *
 * The client adds its requests to the program's own CURLM. The program drives the CURLM as usual. It passes each
 * message of curl_multi_info_read to inbenta_auth_loop_done, and calls inbenta_auth_loop_run
 * - after inbenta_auth_loop_get, _cancel, _invalidate and _done,
 * - when the time that inbenta_auth_loop_run returned last is over. */

typedef struct inbenta_auth_loop inbenta_auth_loop;
struct CURLMsg;

/* Same as inbenta_auth_new, but without a thread. `multi` is a CURLM; it must outlive the client. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_loop_new(const inbenta_auth_options *options, void *multi,
                                                          inbenta_auth_loop **out);

/* Asks for a fresh token. Calls `answer` exactly once, from inbenta_auth_loop_run or _free. `answer` may call any
 * function, even inbenta_auth_loop_free. Sets *id, which names the call for _cancel; `id` may be NULL. After NO_MEMORY
 * or DISPOSED (the client is being freed), `answer` is not called. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_loop_get(inbenta_auth_loop *loop,
                                                          const inbenta_auth_get_options *options,
                                                          inbenta_auth_callback answer, void *user, uint32_t *id);

/* Answers the call with ABORTED. The request continues, because other calls may share it. */
INBENTA_AUTH_API void inbenta_auth_loop_cancel(inbenta_auth_loop *loop, uint32_t id);

/* Same as inbenta_auth_invalidate. */
INBENTA_AUTH_API void inbenta_auth_loop_invalidate(inbenta_auth_loop *loop, const char *access_token);

/* Takes a message of curl_multi_info_read. False if the message belongs to a handle of the program. */
INBENTA_AUTH_API bool inbenta_auth_loop_done(inbenta_auth_loop *loop, const struct CURLMsg *message);

/* Answers calls, and starts a request if one is due. Returns the time in milliseconds until the next call of this
 * function at the latest. Returns -1 if there is nothing to wait for, or if a callback freed the client. */
INBENTA_AUTH_API int64_t inbenta_auth_loop_run(inbenta_auth_loop *loop);

/* Cancels the request in flight, answers all waiters with DISPOSED, wipes and frees the memory. No callback runs after
 * it returns. A callback may call it. `loop` may be NULL. */
INBENTA_AUTH_API void inbenta_auth_loop_free(inbenta_auth_loop *loop);

#ifdef __cplusplus
}
#endif

#endif
