/* The blocking, thread-safe client: its own thread runs the event loop; see inbenta_auth.h.
 *
 * `lock` guards the loop, and with it the core. The thread holds the lock while the core decides. It releases the lock
 * while libcurl works, because no other thread uses libcurl. */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "native/loop.h"

struct inbenta_auth {
  pthread_mutex_t lock;
  pthread_cond_t callers_gone; /* the last caller has left */
  pthread_t thread;
  CURLM *multi;
  inbenta_auth_loop *loop; /* NULL after inbenta_auth_free has begun */
  int callers;             /* calls of inbenta_auth_get in progress */
};

/* A caller that waits for its answer. */
struct waiter {
  pthread_cond_t answered;
  bool done;
  inbenta_auth_token *token;
  inbenta_auth_failure failure; /* OK: the token is set */
};

/* Passes the transfers that libcurl completed to the loop. */
static void pass_messages(inbenta_auth *client) {
  int left;
  for (const CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;)
    inbenta_auth_loop_done(client->loop, message);
}

static void *run_loop(void *user) {
  inbenta_auth *client = user;
  int running;
  pthread_mutex_lock(&client->lock);
  while (client->loop != NULL) {
    int64_t delay_ms = inbenta_auth_loop_run(client->loop); /* -1: nothing to wait for */
    pthread_mutex_unlock(&client->lock);
    curl_multi_poll(client->multi, NULL, 0, delay_ms < 0 ? 60000 : (int)delay_ms, NULL);
    curl_multi_perform(client->multi, &running);
    pthread_mutex_lock(&client->lock);
    if (client->loop != NULL)
      pass_messages(client);
  }
  pthread_mutex_unlock(&client->lock);
  return NULL;
}

/* Starts the thread with all signals blocked: signals belong to the program. */
static bool start_thread(inbenta_auth *client) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&client->thread, NULL, run_loop, client) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

inbenta_auth_error inbenta_auth_new(const inbenta_auth_options *options, inbenta_auth **out) {
  *out = NULL;
  inbenta_auth *client = calloc(1, sizeof *client);
  if (client == NULL)
    return INBENTA_AUTH_NO_MEMORY;
  inbenta_auth_error error = INBENTA_AUTH_NO_MEMORY;
  client->multi = curl_multi_init();
  if (client->multi != NULL)
    error = inbenta_auth_loop_new(options, client->multi, &client->loop);
  pthread_mutex_init(&client->lock, NULL);
  pthread_cond_init(&client->callers_gone, NULL);
  if (error == INBENTA_AUTH_OK && start_thread(client)) {
    *out = client;
    return INBENTA_AUTH_OK;
  }
  inbenta_auth_loop_free(client->loop);
  curl_multi_cleanup(client->multi);
  pthread_cond_destroy(&client->callers_gone);
  pthread_mutex_destroy(&client->lock);
  free(client);
  return error != INBENTA_AUTH_OK ? error : INBENTA_AUTH_NO_MEMORY;
}

static void on_answer(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  struct waiter *waiter = user;
  if (token == NULL)
    waiter->failure = *failure;
  else
    waiter->failure.error = inbenta_auth_token_copy(token, waiter->token);
  waiter->done = true;
  pthread_cond_signal(&waiter->answered);
}

/* Waits for the answer of the loop. The loop answers before the call's deadline. The caller holds the lock. */
static void wait_for_answer(inbenta_auth *client, const inbenta_auth_get_options *options, struct waiter *waiter) {
  waiter->failure.error = inbenta_auth_loop_get(client->loop, options, on_answer, waiter, NULL);
  if (waiter->failure.error != INBENTA_AUTH_OK)
    return;
  curl_multi_wakeup(client->multi);
  while (!waiter->done)
    pthread_cond_wait(&waiter->answered, &client->lock);
}

inbenta_auth_error inbenta_auth_get(inbenta_auth *client, const inbenta_auth_get_options *options,
                                    inbenta_auth_token *token, inbenta_auth_failure *failure) {
  static const inbenta_auth_get_options defaults;
  struct waiter waiter = {.token = token};
  memset(token, 0, sizeof *token);
  if (options == NULL)
    options = &defaults;
  pthread_cond_init(&waiter.answered, NULL);
  pthread_mutex_lock(&client->lock);
  client->callers++;
  if (options->force_refresh || !native_loop_current(client->loop, options->min_validity_ms, token))
    wait_for_answer(client, options, &waiter);
  if (--client->callers == 0)
    pthread_cond_signal(&client->callers_gone);
  pthread_mutex_unlock(&client->lock);
  pthread_cond_destroy(&waiter.answered);
  if (failure != NULL)
    *failure = waiter.failure;
  return waiter.failure.error;
}

void inbenta_auth_invalidate(inbenta_auth *client, const char *access_token) {
  pthread_mutex_lock(&client->lock);
  inbenta_auth_loop_invalidate(client->loop, access_token);
  pthread_mutex_unlock(&client->lock);
  curl_multi_wakeup(client->multi);
}

/* The thread ends first: the loop's request is in the multi handle that the thread uses. */
void inbenta_auth_free(inbenta_auth *client) {
  if (client == NULL)
    return;
  pthread_mutex_lock(&client->lock);
  inbenta_auth_loop *loop = client->loop;
  client->loop = NULL;
  pthread_mutex_unlock(&client->lock);
  curl_multi_wakeup(client->multi);
  pthread_join(client->thread, NULL);
  pthread_mutex_lock(&client->lock);
  inbenta_auth_loop_free(loop); /* answers all waiters with DISPOSED */
  while (client->callers > 0)
    pthread_cond_wait(&client->callers_gone, &client->lock);
  pthread_mutex_unlock(&client->lock);
  curl_multi_cleanup(client->multi);
  pthread_cond_destroy(&client->callers_gone);
  pthread_mutex_destroy(&client->lock);
  free(client);
}
