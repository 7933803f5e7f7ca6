/* The log writer; see log_writer.h. It has two buffers: one is filled while the other one is written. */
#define _POSIX_C_SOURCE 200809L
#include "authd/log_writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/dates.h"

#define DROPPED_SIZE 256 /* bytes of the line about dropped lines */
#define STOP_WAIT_S 1
#define BATCH_MS 2 /* lines that are put within this time are written together */

struct authd_log_writer {
  int file;
  bool json;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed; /* there is text to write, or the writer must end */
  pthread_cond_t done;    /* everything was written after `ending` */
  bool ending, finished;
  long dropped; /* lines that were dropped and not yet reported */
  size_t filled;
  char *filling, *writing;
  char buffers[2][AUTHD_LOG_BUFFER + DROPPED_SIZE];
};

/* Appends the line about dropped lines. They were dropped after the lines in the buffer. */
static size_t append_dropped(const authd_log_writer *writer, char *end) {
  char date[IAUTH__DATE_SIZE];
  iauth__write_date((int64_t)time(NULL), date);
  int len = snprintf(end, DROPPED_SIZE,
                     writer->json
                         ? "{\"time\":\"%s\",\"dropped\":%ld,\"problem\":\"log lines were dropped: the reader is too "
                           "slow\"}\n"
                         : "%s %ld log lines were dropped: the reader is too slow\n",
                     date, writer->dropped);
  return (size_t)len;
}

/* Gives up if the file can no longer be written. */
static void write_all(int file, const char *text, size_t len) {
  while (len > 0) {
    ssize_t written = write(file, text, len);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0 && errno == EAGAIN) { /* another program made the file non-blocking */
      nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
      continue;
    }
    if (written < 0)
      return;
    text += written;
    len -= (size_t)written;
  }
}

static void *write_lines(void *state) {
  authd_log_writer *writer = state;
  pthread_mutex_lock(&writer->mutex);
  while (writer->filled > 0 || !writer->ending) {
    if (writer->filled == 0) {
      pthread_cond_wait(&writer->changed, &writer->mutex);
      continue;
    }
    char *text = writer->filling;
    size_t len = writer->filled;
    if (writer->dropped > 0)
      len += append_dropped(writer, text + len);
    writer->dropped = 0;
    writer->filling = writer->writing;
    writer->writing = text;
    writer->filled = 0;
    pthread_mutex_unlock(&writer->mutex);
    write_all(writer->file, text, len);
    nanosleep(&(struct timespec){.tv_nsec = BATCH_MS * 1000000}, NULL);
    pthread_mutex_lock(&writer->mutex);
  }
  writer->finished = true;
  pthread_cond_signal(&writer->done);
  pthread_mutex_unlock(&writer->mutex);
  return NULL;
}

static void release(authd_log_writer *writer) {
  pthread_cond_destroy(&writer->done);
  pthread_cond_destroy(&writer->changed);
  pthread_mutex_destroy(&writer->mutex);
  free(writer);
}

authd_log_writer *authd_log_writer_new(int file, bool json) {
  authd_log_writer *writer = calloc(1, sizeof *writer);
  if (writer == NULL)
    return NULL;
  writer->file = file;
  writer->json = json;
  writer->filling = writer->buffers[0];
  writer->writing = writer->buffers[1];
  pthread_mutex_init(&writer->mutex, NULL);
  pthread_cond_init(&writer->changed, NULL);
  pthread_cond_init(&writer->done, NULL);
  if (pthread_create(&writer->thread, NULL, write_lines, writer) == 0)
    return writer;
  release(writer);
  return NULL;
}

void authd_log_writer_put(authd_log_writer *writer, const char *text, size_t len) {
  pthread_mutex_lock(&writer->mutex);
  if (len <= AUTHD_LOG_BUFFER - writer->filled) {
    if (writer->filled == 0)
      pthread_cond_signal(&writer->changed);
    memcpy(writer->filling + writer->filled, text, len);
    writer->filled += len;
  } else {
    writer->dropped++;
  }
  pthread_mutex_unlock(&writer->mutex);
}

void authd_log_writer_print(authd_log_writer *writer, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int len = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (len >= (int)sizeof text) { /* the message was truncated, but still ends in a line feed */
    len = (int)sizeof text - 1;
    text[len - 1] = '\n';
  }
  if (len > 0)
    authd_log_writer_put(writer, text, (size_t)len);
}

void authd_log_writer_free(authd_log_writer *writer) {
  struct timespec deadline;
  if (writer == NULL)
    return;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += STOP_WAIT_S;
  pthread_mutex_lock(&writer->mutex);
  writer->ending = true;
  pthread_cond_signal(&writer->changed);
  while (!writer->finished && pthread_cond_timedwait(&writer->done, &writer->mutex, &deadline) != ETIMEDOUT)
    ;
  if (!writer->finished) /* the thread hangs in write(2), which is a cancellation point */
    pthread_cancel(writer->thread);
  pthread_mutex_unlock(&writer->mutex);
  pthread_join(writer->thread, NULL);
  release(writer);
}
