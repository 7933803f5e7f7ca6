/* Lines of several threads: all of them, whole, each thread's in their order, and soon. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "authd/lines.h"
#include "cmocka_all.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, LINES = 5000 };

static authd_lines *lines;

static void *put_many(void *thread) {
  char line[200];
  for (int i = 0; i < LINES; i++) {
    int len = snprintf(line, sizeof line, "%d %d %0*d\n", (int)(size_t)thread, i, 1 + i % 150, 0);
    authd_lines_put(lines, line, (size_t)len);
  }
  return NULL;
}

static void of_many_threads(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  int next[THREADS] = {0}, thread, number;
  char line[200], expected[200];
  FILE *file = tmpfile();
  assert_non_null(file);
  lines = authd_lines_new(file);
  assert_non_null(lines);
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, put_many, (void *)i), 0);
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  authd_lines_free(lines);
  rewind(file);
  while (fgets(line, sizeof line, file) != NULL) {
    assert_int_equal(sscanf(line, "%d %d", &thread, &number), 2);
    assert_in_range(thread, 0, THREADS - 1);
    assert_int_equal(number, next[thread]++);
    snprintf(expected, sizeof expected, "%d %d %0*d\n", thread, number, 1 + number % 150, 0);
    assert_string_equal(line, expected);
  }
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(next[i], LINES);
  fclose(file);
}

static void *put_one(void *line) {
  authd_lines_put(lines, line, strlen(line));
  return NULL;
}

static void at_once_or_soon(void **state) {
  (void)state;
  char text[100];
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  FILE *to = fdopen(ends[1], "w");
  lines = authd_lines_new(to);
  assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
  for (int i = 0; i < 20; i++) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    authd_lines_put(lines, "after a pause\n", 14);
    assert_int_equal(read(ends[0], text, sizeof text), 14);
    authd_lines_put(lines, "right behind\n", 13);
    struct pollfd reader = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&reader, 1, 5000), 1);
    assert_int_equal(read(ends[0], text, sizeof text), 13);
  }
  authd_lines_put(lines, "last\n", 5);
  authd_lines_put(lines, "last\n", 5);
  authd_lines_free(lines);
  assert_int_equal(read(ends[0], text, sizeof text), 10);
  fclose(to);
  close(ends[0]);
}

/* A reader that does not read holds up who writes; others go on, until much is waiting. Nothing is
 * lost. */
static void to_somebody_who_reads_late(void **state) {
  (void)state;
  enum { SHORT = 500 };
  static char long_one[1 << 20], read_back[2 << 20];
  int ends[2];
  pthread_t writer;
  size_t len = 0;
  ssize_t got;
  assert_int_equal(pipe(ends), 0);
  assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0);
  FILE *to = fdopen(ends[1], "w");
  lines = authd_lines_new(to);
  memset(long_one, 'x', 65536 + 100); /* more than a pipe takes, and is cut to what a buffer takes */
  authd_lines_put(lines, "first\n", 6);
  assert_int_equal(read(ends[0], read_back, sizeof read_back), 6); /* at once */
  assert_int_equal(pthread_create(&writer, NULL, put_one, long_one), 0);
  nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  for (int i = 0; i < SHORT; i++)
    authd_lines_put(lines, "y", 1);
  while (len < 65536 + SHORT && (got = read(ends[0], read_back + len, sizeof read_back - len)) > 0)
    len += (size_t)got;
  pthread_join(writer, NULL);
  assert_int_equal(len, 65536 + SHORT);
  assert_int_equal(strspn(read_back, "x"), 65536);
  authd_lines_free(lines);
  fclose(to);
  close(ends[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(of_many_threads), cmocka_unit_test(at_once_or_soon),
                                     cmocka_unit_test(to_somebody_who_reads_late)};
  alarm(60); /* rather than wait for ever */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
