/* Lines of several threads; see lines.h. Two buffers: one is filled while the other is written. */
#define _POSIX_C_SOURCE 200809L
#include "authd/lines.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFER_SIZE 65536
#define GATHER_US 1000

struct authd_lines {
  FILE *to;
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t more; /* the thread has something to do */
  pthread_cond_t room; /* the buffer was taken to be written */
  bool gathering;      /* the thread will write what is there */
  bool writing;        /* somebody writes, and looks again afterwards */
  bool ending;
  int64_t written_us; /* when that was done last */
  char *filled, *written;
  size_t used; /* of `filled` */
  char buffers[2][BUFFER_SIZE];
};

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Writes what is there, and what comes meanwhile. The mutex is held before and after. */
static void write_all(authd_lines *lines) {
  lines->writing = true;
  while (lines->used > 0) {
    char *text = lines->filled;
    size_t len = lines->used;
    lines->filled = lines->written;
    lines->written = text;
    lines->used = 0;
    pthread_cond_broadcast(&lines->room);
    pthread_mutex_unlock(&lines->mutex);
    fwrite(text, 1, len, lines->to);
    fflush(lines->to);
    pthread_mutex_lock(&lines->mutex);
  }
  lines->writing = false;
  lines->written_us = now_us();
}

static void *gather(void *state) {
  authd_lines *lines = state;
  pthread_mutex_lock(&lines->mutex);
  while (lines->gathering || !lines->ending) {
    if (!lines->gathering) {
      pthread_cond_wait(&lines->more, &lines->mutex);
      continue;
    }
    pthread_mutex_unlock(&lines->mutex);
    nanosleep(&(struct timespec){.tv_nsec = GATHER_US * 1000}, NULL);
    pthread_mutex_lock(&lines->mutex);
    write_all(lines);
    lines->gathering = false;
  }
  pthread_mutex_unlock(&lines->mutex);
  return NULL;
}

static void release(authd_lines *lines) {
  pthread_cond_destroy(&lines->room);
  pthread_cond_destroy(&lines->more);
  pthread_mutex_destroy(&lines->mutex);
  free(lines);
}

authd_lines *authd_lines_new(FILE *to) {
  authd_lines *lines = calloc(1, sizeof *lines);
  if (lines == NULL)
    return NULL;
  lines->to = to;
  lines->filled = lines->buffers[0];
  lines->written = lines->buffers[1];
  pthread_mutex_init(&lines->mutex, NULL);
  pthread_cond_init(&lines->more, NULL);
  pthread_cond_init(&lines->room, NULL);
  if (pthread_create(&lines->thread, NULL, gather, lines) != 0) {
    release(lines);
    return NULL;
  }
  return lines;
}

void authd_lines_free(authd_lines *lines) {
  if (lines == NULL)
    return;
  pthread_mutex_lock(&lines->mutex);
  lines->ending = true;
  pthread_cond_signal(&lines->more);
  pthread_mutex_unlock(&lines->mutex);
  pthread_join(lines->thread, NULL);
  release(lines);
}

void authd_lines_put(authd_lines *lines, const char *text, size_t len) {
  if (len > BUFFER_SIZE)
    len = BUFFER_SIZE;
  pthread_mutex_lock(&lines->mutex);
  while (len > BUFFER_SIZE - lines->used)
    pthread_cond_wait(&lines->room, &lines->mutex);
  memcpy(lines->filled + lines->used, text, len);
  lines->used += len;
  if (!lines->writing && !lines->gathering) {
    if (now_us() - lines->written_us >= GATHER_US) {
      write_all(lines);
    } else {
      lines->gathering = true;
      pthread_cond_signal(&lines->more);
    }
  }
  pthread_mutex_unlock(&lines->mutex);
}
