/* Writes the times when keys were last used; see last_used_writer.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/last_used_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

struct authd_last_used_writer {
  authd_http *http;
  authapi_last_used *last_used;
  const authapi_store *store;
  int pause_ms;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t stopped;
  bool ending;
};

/* Copies the recorded uses, writes them, then drops what was written. Requests wait only for the copying. A use that is
 * recorded in the meantime is written the next time. `http` is NULL if the server does not run. */
static void write_recorded(authd_http *http, authapi_last_used *last_used, const authapi_store *store) {
  authapi_last_use batch[AUTHAPI_LAST_USED_MAX];
  int64_t until_s = (int64_t)time(NULL);
  size_t count = AUTHAPI_LAST_USED_MAX;
  while (count == AUTHAPI_LAST_USED_MAX) {
    if (http != NULL)
      authd_http_pause(http);
    count = authapi_last_used_copy(last_used, until_s, batch);
    if (http != NULL)
      authd_http_resume(http);
    if (count == 0 || store->record_last_used(store->state, batch, count) != AUTHAPI_FOUND)
      return;
    if (http != NULL)
      authd_http_pause(http);
    authapi_last_used_forget(last_used, batch, count);
    if (http != NULL)
      authd_http_resume(http);
  }
}

static void *write_at_intervals(void *state) {
  authd_last_used_writer *writer = state;
  struct timespec next;
  pthread_mutex_lock(&writer->mutex);
  while (!writer->ending) {
    clock_gettime(CLOCK_MONOTONIC, &next);
    int64_t ns = next.tv_nsec + (int64_t)writer->pause_ms * 1000000;
    next.tv_sec += (time_t)(ns / 1000000000);
    next.tv_nsec = (long)(ns % 1000000000);
    while (!writer->ending && pthread_cond_timedwait(&writer->stopped, &writer->mutex, &next) != ETIMEDOUT)
      ;
    if (writer->ending)
      break;
    pthread_mutex_unlock(&writer->mutex);
    write_recorded(writer->http, writer->last_used, writer->store);
    pthread_mutex_lock(&writer->mutex);
  }
  pthread_mutex_unlock(&writer->mutex);
  return NULL;
}

static void release(authd_last_used_writer *writer) {
  pthread_cond_destroy(&writer->stopped);
  pthread_mutex_destroy(&writer->mutex);
  free(writer);
}

authd_last_used_writer *authd_last_used_writer_start(authd_http *http, authapi_last_used *last_used,
                                                     const authapi_store *store, int pause_ms) {
  pthread_condattr_t monotonic;
  authd_last_used_writer *writer = malloc(sizeof *writer);
  if (writer == NULL)
    return NULL;
  *writer = (authd_last_used_writer){.http = http, .last_used = last_used, .store = store, .pause_ms = pause_ms};
  pthread_mutex_init(&writer->mutex, NULL);
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&writer->stopped, &monotonic);
  pthread_condattr_destroy(&monotonic);
  if (pthread_create(&writer->thread, NULL, write_at_intervals, writer) == 0)
    return writer;
  release(writer);
  return NULL;
}

void authd_last_used_writer_stop(authd_last_used_writer *writer) {
  if (writer == NULL)
    return;
  pthread_mutex_lock(&writer->mutex);
  writer->ending = true;
  pthread_cond_signal(&writer->stopped);
  pthread_mutex_unlock(&writer->mutex);
  pthread_join(writer->thread, NULL);
  release(writer);
}

void authd_last_used_write_all(authapi_last_used *last_used, const authapi_store *store) {
  write_recorded(NULL, last_used, store);
}
