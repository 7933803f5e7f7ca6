/* The writer of last uses: no request waits while another program holds the database's lock. */
#define _POSIX_C_SOURCE 200809L
#include "authd/last_used_writer.h"
#include "cmocka_all.h"
#include "test_server.h"
#include "wire.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 20
#define LOCKED_MS 1500
#define ANSWERED_WITHIN_S 0.5 /* SQLite would wait for the lock for 5 s */

static test_server at;
static authapi_store own;
static char folder[64], path[96];
static char headers[512], body[256], answer[WIRE_ANSWER_SIZE];

static int set_up(void **state) {
  (void)state;
  char problem[256];
  snprintf(folder, sizeof folder, "/tmp/test-last-used-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return -1;
  snprintf(path, sizeof path, "%s/keys.db", folder);
  if (!test_server_start_in(&at, path) || !authapi_store_sqlite_open(&own, path, true, problem, sizeof problem))
    return -1;
  at.api.last_used = authapi_last_used_new();
  snprintf(headers, sizeof headers,
           "x-inbenta-key: %s\r\nContent-Type: application/json\r\nOrigin: https://www.example.com\r\n", at.key.value);
  snprintf(body, sizeof body, "{\"domainKey\":\"%s\"}", at.domain_key.value);
  return at.api.last_used != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  char command[96];
  authapi_last_used *last_used = at.api.last_used;
  test_server_clean_up(&at);
  authapi_last_used_free(last_used);
  own.close(own.state);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static void pause_ms(long ms) {
  nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Starts a process that holds the write lock until it is killed. It has the lock when this returns. */
static pid_t lock_database(void) {
  int ends[2];
  char byte;
  assert_int_equal(pipe(ends), 0);
  pid_t child = fork();
  if (child == 0) {
    sqlite3 *db;
    alarm(60);
    bool locked =
        sqlite3_open(path, &db) == SQLITE_OK && sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    if (!locked || write(ends[1], "x", 1) != 1)
      _exit(1);
    pause();
    _exit(0);
  }
  close(ends[1]);
  assert_int_equal(read(ends[0], &byte, 1), 1);
  close(ends[0]);
  return child;
}

/* The number of uses that are not written yet, while the server runs. */
static int64_t noted(void) {
  authd_http_pause(at.http);
  int64_t last_used_s = authapi_last_used_get(at.api.last_used, at.domain_key.id);
  authd_http_resume(at.http);
  return last_used_s;
}

static int64_t stored(void) {
  authapi_credential credential;
  assert_int_equal(at.api.store.get_credential(at.api.store.state, at.domain_key.id, &credential), AUTHAPI_FOUND);
  return credential.last_used_s;
}

static void requests_do_not_wait_for_a_locked_database(void **state) {
  (void)state;
  int requests = 0;
  double slowest_s = 0;
  assert_int_equal(wire_request(at.port, "POST", "/v1/auth", headers, body, answer), 200);
  pid_t locker = lock_database();
  authd_last_used_writer *writer = authd_last_used_writer_start(at.http, at.api.last_used, &own, PAUSE_MS);
  assert_non_null(writer);
  for (double end_s = test_server_now_s() + LOCKED_MS / 1000.0; test_server_now_s() < end_s; requests++) {
    double start_s = test_server_now_s();
    assert_int_equal(wire_request(at.port, "POST", "/v1/auth", headers, body, answer), 200);
    if (test_server_now_s() - start_s > slowest_s)
      slowest_s = test_server_now_s() - start_s;
  }
  kill(locker, SIGKILL);
  waitpid(locker, NULL, 0);
  if (slowest_s >= ANSWERED_WITHIN_S)
    fail_msg("of %d requests the slowest took %.3f s", requests, slowest_s);
  /* What could not be written is not lost. */
  for (int i = 0; i < 400 && noted() != 0; i++)
    pause_ms(PAUSE_MS);
  authd_last_used_writer_stop(writer);
  assert_int_equal(stored(), 1000);
  assert_int_equal(noted(), 0);
}

static void all_uses_are_written_at_the_end(void **state) {
  (void)state;
  authd_last_used_writer *writer = authd_last_used_writer_start(at.http, at.api.last_used, &own, 60000);
  assert_int_equal(wire_request(at.port, "POST", "/v1/auth", headers, body, answer), 200);
  double start_s = test_server_now_s();
  authd_last_used_writer_stop(writer); /* does not wait for the minute */
  assert_true(test_server_now_s() - start_s < 1);
  assert_int_equal(stored(), 0);
  test_server_stop(&at);
  authd_last_used_write_all(at.api.last_used, &own);
  assert_int_equal(stored(), 1000);
  authd_last_used_writer_stop(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(requests_do_not_wait_for_a_locked_database),
      TEST(all_uses_are_written_at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
