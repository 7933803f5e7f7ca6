/* A client on the program's event loop: the functions that the core calls on a server; see inbenta_auth.h.
 *
 * The inputs of the core only record what happened, and so do the functions here. inbenta_auth_loop_run lets the core
 * decide. */
#define _DEFAULT_SOURCE /* getentropy */
#include <cJSON.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/wipe.h"
#include "core/message.h"
#include "native/errors.h"
#include "native/loop.h"
#include "native/token.h"
#include "native/transfer.h"

/* A call that waits for its answer. */
struct call {
  struct call *next;
  uint32_t id;
  inbenta_auth_callback answer;
  void *user;
};

struct inbenta_auth_loop {
  iauth_client *client;
  iauth_host host;
  CURLM *multi;
  char *proxy, *ca_file;
  inbenta_auth_callback on_event;
  void *on_event_user;
  transfer *transfer; /* the transfer in flight, or NULL */
  uint32_t request_id;
  inbenta_auth_error unreached_reason; /* why the last request did not reach the API */
  iauth__message *unreached_message;   /* the same in libcurl's words, or NULL */
  struct call *calls;
  uint32_t last_call;
  int64_t delay_ms;
  bool running; /* inbenta_auth_loop_run is running */
  bool freed;   /* freed in a callback; the memory is released when the run ends */
};

/* ---------------------------------------------------------------------------------------------------
 * The functions that the core calls. */

/* Each block stores its size, so that it can be wiped. */
typedef union {
  size_t size;
  max_align_t align;
} block_head;

static void *host_alloc(void *user, size_t size) {
  (void)user;
  block_head *head = size <= SIZE_MAX - sizeof *head ? malloc(sizeof *head + size) : NULL;
  if (head == NULL)
    return NULL;
  head->size = size;
  return head + 1;
}

static void host_release(void *user, void *ptr) {
  (void)user;
  if (ptr == NULL)
    return;
  block_head *head = (block_head *)ptr - 1;
  iauth__wipe(ptr, head->size);
  free(head);
}

static int64_t clock_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static iauth_time host_now(void *user) {
  (void)user;
  return (iauth_time){.mono_ms = clock_ms(CLOCK_MONOTONIC), .wall_ms = clock_ms(CLOCK_REALTIME)};
}

/* Used for jitter only, so it need not be secret. If there is no random source, the clock is enough. */
static uint32_t host_random(void *user) {
  uint32_t random;
  (void)user;
  return getentropy(&random, sizeof random) == 0 ? random : (uint32_t)clock_ms(CLOCK_MONOTONIC);
}

static iauth_error host_send(void *user, const iauth_request *request) {
  inbenta_auth_loop *loop = user;
  loop->transfer = transfer_start(loop->multi, request, loop->proxy, loop->ca_file);
  loop->request_id = request->id;
  return loop->transfer != NULL ? IAUTH_OK : IAUTH_ERR_NO_MEMORY;
}

static void host_cancel(void *user, uint32_t id) {
  inbenta_auth_loop *loop = user;
  (void)id; /* there is at most one request */
  transfer_free(loop->transfer);
  loop->transfer = NULL;
}

static void host_arm(void *user, int64_t delay_ms) { ((inbenta_auth_loop *)user)->delay_ms = delay_ms; }

/* Calls back with a token or a failure of the core. */
static void call_back(const inbenta_auth_loop *loop, inbenta_auth_callback callback, void *user,
                      const iauth_token *token, const iauth_failure *failure) {
  inbenta_auth_token public_token = {0};
  inbenta_auth_failure public_failure = {.error = INBENTA_AUTH_NO_MEMORY, .retryable = true};
  if (token == NULL)
    public_failure = (inbenta_auth_failure){
        .error = native_error(failure->error, loop->unreached_reason),
        .status = failure->status,
        .retryable = failure->retryable,
        .retry_after_ms = failure->retry_after_ms,
        .attempts = failure->attempts,
    };
  if (token == NULL && failure->server_message != NULL)
    snprintf(public_failure.server_message, sizeof public_failure.server_message, "%s", failure->server_message);
  bool unreached =
      token == NULL && (failure->error == IAUTH_ERR_NETWORK || failure->error == IAUTH_ERR_UNTRUSTED_ROUTE);
  if (unreached && loop->unreached_message != NULL)
    snprintf(public_failure.network_message, sizeof public_failure.network_message, "%s",
             loop->unreached_message->text);
  bool has_token = token != NULL && native_token_from(token, &public_token);
  callback(user, has_token ? &public_token : NULL, has_token ? NULL : &public_failure);
  inbenta_auth_token_clean_up(&public_token);
}

static void host_answer(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure) {
  inbenta_auth_loop *loop = user;
  struct call **link = &loop->calls;
  while ((*link)->id != waiter)
    link = &(*link)->next;
  struct call *call = *link;
  *link = call->next;
  call_back(loop, call->answer, call->user, token, failure);
  free(call);
}

static void host_event(void *user, const iauth_event *event) {
  inbenta_auth_loop *loop = user;
  const iauth_token *token = event->kind == IAUTH_EVENT_TOKEN ? event->token : NULL;
  const iauth_failure *failure = event->kind == IAUTH_EVENT_ERROR ? event->failure : NULL;
  if ((token == NULL && failure == NULL) || loop->on_event == NULL)
    return;
  iauth_use(loop->client); /* a listener counts as a use, so the client never rests */
  call_back(loop, loop->on_event, loop->on_event_user, token, failure);
}

/* ---------------------------------------------------------------------------------------------------
 * Making and freeing a client. */

static void *json_alloc(size_t size) { return host_alloc(NULL, size); }

static void json_free(void *ptr) { host_release(NULL, ptr); }

/* Tokens pass through the memory of cJSON, so that memory is wiped as well. This library has its own copy of cJSON. */
static void start_libraries(void) {
  cJSON_Hooks hooks = {.malloc_fn = json_alloc, .free_fn = json_free};
  cJSON_InitHooks(&hooks);
  curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Copies a string that may be NULL. False if there is no memory. */
static bool copy_string(const char *text, char **out) {
  *out = text != NULL ? strdup(text) : NULL;
  return text == NULL || *out != NULL;
}

inbenta_auth_error inbenta_auth_loop_new(const inbenta_auth_options *options, void *multi, inbenta_auth_loop **out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, start_libraries);
  *out = NULL;
  inbenta_auth_mistake mistake;
  inbenta_auth_error checked = inbenta_auth_check(options, &mistake);
  if (checked != INBENTA_AUTH_OK)
    return checked;
  inbenta_auth_loop *loop = calloc(1, sizeof *loop);
  if (loop == NULL)
    return INBENTA_AUTH_NO_MEMORY;
  loop->multi = multi;
  loop->on_event = options->on_event;
  loop->on_event_user = options->on_event_user;
  loop->delay_ms = -1;
  loop->host = (iauth_host){loop,        host_alloc, host_release, host_now,   host_random, host_send,
                            host_cancel, host_arm,   host_answer,  host_event, NULL};
  const iauth_config config = {
      .flow = IAUTH_FLOW_SECRET,
      .endpoint = options->endpoint != NULL ? options->endpoint : IAUTH_ENDPOINT,
      .api_key = options->api_key,
      .credential = options->secret,
      .user_personal_secret = options->user_personal_secret,
      .timeout_ms = options->timeout_ms,
      .auto_refresh = !options->no_auto_refresh,
      .allow_insecure = options->allow_insecure,
  };
  iauth_error error = IAUTH_ERR_NO_MEMORY;
  if (copy_string(options->proxy, &loop->proxy) && copy_string(options->ca_file, &loop->ca_file))
    error = iauth_new(&config, &loop->host, &loop->client);
  if (error != IAUTH_OK) {
    inbenta_auth_loop_free(loop);
    return native_error(error, INBENTA_AUTH_NETWORK);
  }
  *out = loop;
  return INBENTA_AUTH_OK;
}

/* Frees everything except the core. */
static void release_loop(inbenta_auth_loop *loop) {
  if (loop->proxy != NULL)
    iauth__wipe(loop->proxy, strlen(loop->proxy)); /* it may contain a password */
  free(loop->proxy);
  free(loop->ca_file);
  host_release(NULL, loop->unreached_message);
  free(loop);
}

void inbenta_auth_loop_free(inbenta_auth_loop *loop) {
  if (loop == NULL || loop->freed)
    return;
  loop->freed = true;
  iauth_free(loop->client); /* cancels the transfer and answers every call */
  if (!loop->running)
    release_loop(loop);
}

/* ---------------------------------------------------------------------------------------------------
 * Use. */

inbenta_auth_error inbenta_auth_loop_get(inbenta_auth_loop *loop, const inbenta_auth_get_options *options,
                                         inbenta_auth_callback answer, void *user, uint32_t *id) {
  struct call *call = malloc(sizeof *call);
  if (call == NULL)
    return INBENTA_AUTH_NO_MEMORY;
  *call = (struct call){loop->calls, ++loop->last_call, answer, user};
  iauth_get_options get = {0};
  if (options != NULL)
    get = (iauth_get_options){options->min_validity_ms, options->timeout_ms, options->force_refresh, false};
  iauth_error error = iauth_get(loop->client, call->id, &get);
  if (error != IAUTH_OK) {
    free(call);
    return native_error(error, INBENTA_AUTH_NETWORK);
  }
  loop->calls = call;
  if (id != NULL)
    *id = call->id;
  return INBENTA_AUTH_OK;
}

void inbenta_auth_loop_cancel(inbenta_auth_loop *loop, uint32_t id) { iauth_cancel(loop->client, id); }

void inbenta_auth_loop_invalidate(inbenta_auth_loop *loop, const char *access_token) {
  iauth_invalidate(loop->client, access_token);
}

bool inbenta_auth_loop_done(inbenta_auth_loop *loop, const struct CURLMsg *message) {
  if (message->msg != CURLMSG_DONE || !transfer_owns(loop->transfer, message->easy_handle))
    return false;
  transfer *done = loop->transfer;
  loop->transfer = NULL; /* the core may start the next transfer immediately */
  inbenta_auth_error unreached_reason = transfer_complete(done, message->data.result, loop->client, loop->request_id);
  if (unreached_reason != INBENTA_AUTH_OK) {
    static const char *const no_secrets[] = {NULL}; /* libcurl does not quote what it sends */
    loop->unreached_reason = unreached_reason;
    host_release(NULL, loop->unreached_message);
    loop->unreached_message = iauth__message_new(&loop->host, transfer_problem(done, message->data.result), no_secrets);
  }
  transfer_free(done);
  return true;
}

int64_t inbenta_auth_loop_run(inbenta_auth_loop *loop) {
  if (loop->running) {
    iauth_run(loop->client); /* called from a callback: this only records that there is more to do */
    return 0;
  }
  loop->running = true;
  iauth_run(loop->client);
  loop->running = false;
  int64_t delay_ms = loop->delay_ms;
  if (!loop->freed)
    return delay_ms;
  release_loop(loop);
  return -1;
}

bool native_loop_current(inbenta_auth_loop *loop, int64_t min_validity_ms, inbenta_auth_token *out) {
  const iauth_token *token = iauth_current(loop->client, min_validity_ms);
  return token != NULL && native_token_from(token, out);
}
