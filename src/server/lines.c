/* Lines of several threads; see lines.h. Two buffers: one is filled while the other is written. */
#include "server/lines.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE 65536

struct authd_lines {
  FILE *to;
  pthread_mutex_t mutex;
  pthread_cond_t room; /* the buffer was taken to be written */
  bool writing;
  char *filled, *written;
  size_t used; /* of `filled` */
  char buffers[2][BUFFER_SIZE];
};

authd_lines *authd_lines_new(FILE *to) {
  authd_lines *lines = malloc(sizeof *lines);
  if (lines == NULL)
    return NULL;
  lines->to = to;
  lines->writing = false;
  lines->filled = lines->buffers[0];
  lines->written = lines->buffers[1];
  lines->used = 0;
  pthread_mutex_init(&lines->mutex, NULL);
  pthread_cond_init(&lines->room, NULL);
  return lines;
}

void authd_lines_free(authd_lines *lines) {
  if (lines == NULL)
    return;
  pthread_cond_destroy(&lines->room);
  pthread_mutex_destroy(&lines->mutex);
  free(lines);
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
}

void authd_lines_put(authd_lines *lines, const char *text, size_t len) {
  if (len > BUFFER_SIZE)
    len = BUFFER_SIZE;
  pthread_mutex_lock(&lines->mutex);
  while (len > BUFFER_SIZE - lines->used)
    pthread_cond_wait(&lines->room, &lines->mutex);
  memcpy(lines->filled + lines->used, text, len);
  lines->used += len;
  if (!lines->writing)
    write_all(lines);
  pthread_mutex_unlock(&lines->mutex);
}
