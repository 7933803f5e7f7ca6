/* The log writer: complete lines in order, and no caller waits for the reader. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "authd/log_writer.h"
#include "cmocka_all.h"
#include "test_server.h"
#include "wire.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, LINES = 200, REQUESTS = 6000, PATIENCE_MS = 20000 };

static authd_log_writer *writer;
static int ends[2];

/* A pipe that holds one page. */
static int set_up(void **state) {
  (void)state;
  return pipe(ends) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0 ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  close(ends[0]);
  close(ends[1]);
  return 0;
}

static void *put_many(void *thread) {
  char line[200];
  for (int i = 0; i < LINES; i++) {
    int len = snprintf(line, sizeof line, "%d %d %0*d\n", (int)(size_t)thread, i, 1 + i % 100, 0);
    authd_log_writer_put(writer, line, (size_t)len);
  }
  return NULL;
}

static void whole_lines_of_many_threads(void **state) {
  (void)state;
  pthread_t threads[THREADS];
  int next[THREADS] = {0}, thread, number;
  char line[200], expected[200];
  FILE *file = tmpfile();
  assert_non_null(file);
  writer = authd_log_writer_new(fileno(file), false);
  assert_non_null(writer);
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, put_many, (void *)i), 0);
  for (size_t i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  authd_log_writer_free(writer);
  rewind(file);
  while (fgets(line, sizeof line, file) != NULL) {
    assert_int_equal(sscanf(line, "%d %d", &thread, &number), 2);
    assert_in_range(thread, 0, THREADS - 1);
    assert_int_equal(number, next[thread]++);
    snprintf(expected, sizeof expected, "%d %d %0*d\n", thread, number, 1 + number % 100, 0);
    assert_string_equal(line, expected);
  }
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(next[i], LINES);
  fclose(file);
}

static void written_without_delay(void **state) {
  (void)state;
  char text[100];
  struct pollfd reader = {.fd = ends[0], .events = POLLIN};
  writer = authd_log_writer_new(ends[1], false);
  authd_log_writer_print(writer, "%s %d\n", "line", 1);
  assert_int_equal(poll(&reader, 1, 5000), 1);
  assert_int_equal(read(ends[0], text, sizeof text), 7);
  assert_memory_equal(text, "line 1\n", 7);
  authd_log_writer_free(writer);
}

/* Reads from the pipe until the text ends in `end`. The caller frees it. */
static char *read_until(const char *end) {
  size_t len = 0, size = 4 << 20;
  ssize_t got = 0;
  char *text = calloc(1, size);
  struct pollfd reader = {.fd = ends[0], .events = POLLIN};
  while (len < strlen(end) || strcmp(text + len - strlen(end), end) != 0) {
    if (poll(&reader, 1, PATIENCE_MS) <= 0 || (got = read(ends[0], text + len, size - len - 1)) <= 0)
      fail_msg("the log does not end in \"%s\" but in \"%.99s\"", end, text + (len > 99 ? len - 99 : 0));
    len += (size_t)got;
  }
  return text;
}

/* The lines are numbered. The missing ones are in one place, and the log has their number. */
static void a_late_reader(void **state) {
  (void)state;
  enum { PUT = 10000 };
  char line[200];
  long dropped, all_dropped = 0;
  int expected = 0, number;
  writer = authd_log_writer_new(ends[1], false);
  double start_s = test_server_now_s();
  for (int i = 0; i < PUT; i++)
    authd_log_writer_put(writer, line, (size_t)snprintf(line, sizeof line, "line %04d %0100d\n", i, 0));
  assert_true(test_server_now_s() - start_s < 2);
  char *text;
  for (; expected < PUT; free(text)) {
    text = read_until("\n");
    for (char *at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n")) {
      if (sscanf(at, "line %d", &number) == 1) {
        assert_int_equal(number, expected++);
      } else {
        assert_int_equal(sscanf(at, "%*s %ld log lines were dropped", &dropped), 1);
        expected += (int)dropped;
        all_dropped += dropped;
      }
    }
  }
  assert_true(all_dropped > PUT / 4); /* what two buffers and the pipe do not hold */
  assert_int_equal(expected, PUT);
  authd_log_writer_put(writer, "later\n", 6);
  text = read_until("later\n");
  assert_string_equal(text, "later\n");
  free(text);
  authd_log_writer_free(writer);
}

static void the_count_as_json(void **state) {
  (void)state;
  static char line[AUTHD_LOG_BUFFER];
  writer = authd_log_writer_new(ends[1], true);
  memset(line, 'x', sizeof line);
  line[sizeof line - 1] = '\n';
  for (int i = 0; i < 10; i++)
    authd_log_writer_put(writer, line, sizeof line);
  char *text = read_until("slow\"}\n");
  const char *at = strstr(text, "{\"time\":\"");
  assert_non_null(at);
  assert_non_null(strstr(at, "\",\"dropped\":"));
  free(text);
  authd_log_writer_free(writer);
}

/* Nobody reads the pipe. Stopping still takes only a second. */
static void nobody_reads(void **state) {
  (void)state;
  static char line[AUTHD_LOG_BUFFER];
  writer = authd_log_writer_new(ends[1], false);
  authd_log_writer_put(writer, line, sizeof line);
  double start_s = test_server_now_s();
  authd_log_writer_free(writer);
  assert_in_range((int)((test_server_now_s() - start_s) * 1000), 500, 5000);
}

static void a_reader_that_has_left(void **state) {
  (void)state;
  writer = authd_log_writer_new(ends[1], false);
  close(ends[0]);
  authd_log_writer_put(writer, "line\n", 5);
  double start_s = test_server_now_s();
  authd_log_writer_free(writer);
  assert_true(test_server_now_s() - start_s < 0.9);
  ends[0] = dup(ends[1]); /* for tear_down */
  authd_log_writer_free(NULL);
}

/* More lines than the buffer and the pipe hold. Each request is still answered. */
static void requests_do_not_wait_for_the_reader_of_the_log(void **state) {
  (void)state;
  static test_server at;
  static char answer[WIRE_ANSWER_SIZE];
  char request[200];
  assert_true(test_server_start_with_log(&at, ends[1]));
  /* With a known API key each one has its line. */
  int len =
      snprintf(request, sizeof request, "GET /v1/apis HTTP/1.1\r\nHost: a\r\nx-inbenta-key: %s\r\n\r\n", at.key.value);
  int connection = wire_connect(at.port);
  double slowest_s = 0;
  for (int i = 0; i < REQUESTS; i++) {
    double start_s = test_server_now_s();
    wire_send(connection, request, (size_t)len);
    assert_int_equal(wire_receive(connection, answer), 401);
    if (test_server_now_s() - start_s > slowest_s)
      slowest_s = test_server_now_s() - start_s;
  }
  close(connection);
  assert_true(slowest_s < 1);
  free(read_until(" log lines were dropped: the reader is too slow\n"));
  test_server_clean_up(&at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(whole_lines_of_many_threads),
                                     TEST(written_without_delay),
                                     TEST(a_late_reader),
                                     TEST(the_count_as_json),
                                     TEST(nobody_reads),
                                     TEST(a_reader_that_has_left),
                                     TEST(requests_do_not_wait_for_the_reader_of_the_log)};
  signal(SIGPIPE, SIG_IGN);
  alarm(60); /* rather than wait for ever */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
