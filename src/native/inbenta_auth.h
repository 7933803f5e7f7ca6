/* inbenta-auth for servers: exchanges a secret for an access token of Inbenta's Auth API and keeps
 * it fresh (the API Secret flow). The same core runs in web pages as WebAssembly.
 *
 * Two ways to use it:
 * - inbenta_auth: blocking and thread-safe. It has a thread of its own, refreshes before the token
 *   expires, and makes one request for however many threads ask at once.
 * - inbenta_auth_loop: for programs with an event loop around a libcurl multi handle. No thread, no
 *   locks, answers by callback.
 *
 * Strings are NUL-terminated UTF-8. Durations are milliseconds and say so. Neither secrets nor
 * tokens occur in error texts. */
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

/* What went wrong. Numbers are never reused. */
typedef enum {
  INBENTA_AUTH_OK = 0,
  INBENTA_AUTH_INVALID_CONFIG = 1,
  INBENTA_AUTH_INSECURE_ENDPOINT = 2, /* neither https nor this machine */
  INBENTA_AUTH_NO_MEMORY = 3,         /* or no thread, no socket handle */
  INBENTA_AUTH_ABORTED = 4,           /* inbenta_auth_loop_cancel */
  INBENTA_AUTH_DISPOSED = 5,          /* freed while somebody waited */
  INBENTA_AUTH_TIMEOUT = 6,           /* no answer in time */
  INBENTA_AUTH_NETWORK = 7,           /* refused, unreachable, cut off */
  INBENTA_AUTH_DNS = 8,               /* the endpoint's name is not known */
  INBENTA_AUTH_PROXY = 9,             /* the proxy is not there or refuses */
  INBENTA_AUTH_TLS = 10,              /* the TLS handshake failed */
  INBENTA_AUTH_CERTIFICATE = 11,      /* the server's certificate is not valid for the endpoint */
  INBENTA_AUTH_ORIGIN_NOT_ALLOWED = 12,
  INBENTA_AUTH_CREDENTIALS_REJECTED = 13,
  INBENTA_AUTH_KEY_REVOKED = 14,
  INBENTA_AUTH_TOKEN_EXPIRED = 15,
  INBENTA_AUTH_RATE_LIMITED = 16,
  INBENTA_AUTH_SERVER_ERROR = 17,
  INBENTA_AUTH_BAD_RESPONSE = 18, /* an answer that is not one of the Auth API */
  INBENTA_AUTH_BODY_TOO_LARGE = 19,
  INBENTA_AUTH_ENDPOINT_REFUSED = 20 /* refused, and not by the Auth API itself: the URL or a firewall */
} inbenta_auth_error;

#define INBENTA_AUTH_MESSAGE_SIZE 201 /* bytes, the NUL included */

typedef struct {
  inbenta_auth_error error;
  int status;             /* HTTP status, 0 if there was no answer */
  bool retryable;         /* a later try may succeed without anybody changing anything */
  int64_t retry_after_ms; /* how long until the next try reaches the network; 0 if at once */
  int attempts;           /* requests in a row that failed */
  /* The server's own sentence, printable UTF-8 without credentials of this client; "" if there was none. */
  char server_message[INBENTA_AUTH_MESSAGE_SIZE];
} inbenta_auth_failure;

/* The name of an error, for example "credentials_rejected". Static text, never NULL. */
INBENTA_AUTH_API const char *inbenta_auth_error_code(inbenta_auth_error error);

/* What to do about it, in one sentence. Static text, never NULL. */
INBENTA_AUTH_API const char *inbenta_auth_error_hint(inbenta_auth_error error);

/* ---------------------------------------------------------------------------------------------------
 * Tokens. */

typedef struct {
  const char *name; /* of the product, for example "chatbot" */
  const char *url;  /* its base URL */
} inbenta_auth_product;

/* An access token, for the header "Authorization: Bearer …" next to "x-inbenta-key". */
typedef struct {
  const char *access_token;
  double expiration;     /* Unix seconds on the server's clock, as the API gave it */
  int64_t expires_at_ms; /* this machine's clock, in milliseconds since 1970 */
  const inbenta_auth_product *apis;
  size_t apis_count;
  void *memory; /* where all this lies */
  size_t memory_size;
} inbenta_auth_token;

/* The base URL of a product, or NULL if the token is not for it. Lives as long as the token. */
INBENTA_AUTH_API const char *inbenta_auth_token_api(const inbenta_auth_token *token, const char *product);

/* Copies a token, for a caller who keeps it. OK or NO_MEMORY; clean up *copy in any case. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_token_copy(const inbenta_auth_token *token, inbenta_auth_token *copy);

/* Wipes and frees a token that is the caller's own. One that is all zero is fine. */
INBENTA_AUTH_API void inbenta_auth_token_clean_up(inbenta_auth_token *token);

/* Tells a token or, where that is NULL, a failure. Both are borrowed for the call. */
typedef void (*inbenta_auth_callback)(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure);

/* ---------------------------------------------------------------------------------------------------
 * Options. */

/* Zero, apart from api_key and secret, means the default. Strings are copied. */
typedef struct {
  const char *api_key;
  const char *secret;
  const char *user_personal_secret; /* for editor APIs; none */
  const char *endpoint;             /* "https://api.inbenta.io/v1" */
  int64_t timeout_ms;               /* for one request; 10,000 */
  bool no_auto_refresh;             /* refresh only when somebody asks */
  bool allow_insecure;              /* plain http to other machines: for test networks only */
  const char *proxy;                /* as libcurl's CURLOPT_PROXY; NULL: by the environment, as libcurl does */
  const char *ca_file;              /* PEM file of certificate authorities; NULL: the system's */
  /* Every new token and every failed attempt, also those nobody asked for. With inbenta_auth it runs in the client's
   * thread and must not call the client; on an event loop it may. A client that has it never rests. */
  inbenta_auth_callback on_event;
  void *on_event_user;
} inbenta_auth_options;

/* Zero means the default. */
typedef struct {
  int64_t min_validity_ms; /* valid for at least this long still (a short-lived token: a quarter of
                              its life); 0 */
  int64_t timeout_ms;      /* for this call in total; 10,000 */
  bool force_refresh;      /* only a token that was obtained after this call */
} inbenta_auth_get_options;

/* ---------------------------------------------------------------------------------------------------
 * Blocking, for any number of threads. */

typedef struct inbenta_auth inbenta_auth;

/* Makes a client and its thread; no request is sent until somebody asks. Sets *out, or to NULL and
 * returns INVALID_CONFIG, INSECURE_ENDPOINT or NO_MEMORY. Not to be used on both sides of a fork.
 */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_new(const inbenta_auth_options *options, inbenta_auth **out);

/* A fresh token. Returns at once if there is one, else waits, at most timeout_ms. `options` may be
 * NULL. On OK *token is the caller's, to be cleaned up; else it is all zero and *failure, unless
 * `failure` is NULL, has the details. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_get(inbenta_auth *client, const inbenta_auth_get_options *options,
                                                     inbenta_auth_token *token, inbenta_auth_failure *failure);

/* Drops a token that an API refused (401, 403), if it is still the current one. */
INBENTA_AUTH_API void inbenta_auth_invalidate(inbenta_auth *client, const char *access_token);

/* Aborts what is under way, answers who waits with DISPOSED, wipes and frees. No call may begin
 * meanwhile. NULL is fine. */
INBENTA_AUTH_API void inbenta_auth_free(inbenta_auth *client);

/* ---------------------------------------------------------------------------------------------------
 * On an event loop. A client is used by one thread at a time.
 *
 * Its requests are handles in the program's own CURLM. The program drives that as usual, hands each
 * message of curl_multi_info_read to inbenta_auth_loop_done, and calls inbenta_auth_loop_run
 * - after inbenta_auth_loop_get, _cancel, _invalidate and _done,
 * - when the time that it returned last is over. */

typedef struct inbenta_auth_loop inbenta_auth_loop;
struct CURLMsg;

/* As inbenta_auth_new. `multi` is a CURLM; it must outlive the client. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_loop_new(const inbenta_auth_options *options, void *multi,
                                                          inbenta_auth_loop **out);

/* Asks for a fresh token. `answer` is called exactly once, from inbenta_auth_loop_run or _free, and
 * may call anything, inbenta_auth_loop_free included. *id, unless `id` is NULL, names the call for
 * _cancel. NO_MEMORY, DISPOSED (the client is being freed): no answer follows. */
INBENTA_AUTH_API inbenta_auth_error inbenta_auth_loop_get(inbenta_auth_loop *loop,
                                                          const inbenta_auth_get_options *options,
                                                          inbenta_auth_callback answer, void *user, uint32_t *id);

/* The call is answered with ABORTED; the request that others share goes on. */
INBENTA_AUTH_API void inbenta_auth_loop_cancel(inbenta_auth_loop *loop, uint32_t id);

/* As inbenta_auth_invalidate. */
INBENTA_AUTH_API void inbenta_auth_loop_invalidate(inbenta_auth_loop *loop, const char *access_token);

/* Takes a message of curl_multi_info_read. False: it is about a handle of the program. */
INBENTA_AUTH_API bool inbenta_auth_loop_done(inbenta_auth_loop *loop, const struct CURLMsg *message);

/* Answers, starts a request if one is due, and returns after how many milliseconds to call it again
 * at the latest; -1: there is nothing to wait for, also if a callback freed the client. */
INBENTA_AUTH_API int64_t inbenta_auth_loop_run(inbenta_auth_loop *loop);

/* Aborts what is under way, answers who waits with DISPOSED, wipes and frees. When it returns, no callback follows. It may be
 * called from a callback. NULL is fine. */
INBENTA_AUTH_API void inbenta_auth_loop_free(inbenta_auth_loop *loop);

#ifdef __cplusplus
}
#endif

#endif
