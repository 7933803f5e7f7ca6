/* Changes of an SQLite file: each commit is noticed, whoever makes it, and nothing else is. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "server/wal_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/test-wal-index-XXXXXX";
static char path[64];
static sqlite3 *db;
static authd_wal_index watched;

static void run(sqlite3 *on, const char *sql) {
  if (sqlite3_exec(on, sql, NULL, NULL, NULL) != SQLITE_OK)
    fail_msg("%s: %s", sql, sqlite3_errmsg(on));
}

static sqlite3 *open_db(const char *at) {
  sqlite3 *opened;
  assert_int_equal(sqlite3_open(at, &opened), SQLITE_OK);
  sqlite3_busy_timeout(opened, 5000);
  return opened;
}

static int set_up(void **state) {
  (void)state;
  db = open_db(path);
  run(db, "PRAGMA journal_mode = WAL; CREATE TABLE numbers (number)");
  authd_wal_index_init(&watched, db);
  return watched.header != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  sqlite3_close(db);
  return unlink(path);
}

static int numbers(void) {
  sqlite3_stmt *statement;
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM numbers", -1, &statement, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
  int count = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return count;
}

static void our_own_writes(void **state) {
  (void)state;
  assert_true(authd_wal_index_changed(&watched));
  assert_false(authd_wal_index_changed(&watched));
  assert_int_equal(numbers(), 0);
  assert_false(authd_wal_index_changed(&watched));
  for (int i = 0; i < 100; i++) {
    run(db, "INSERT INTO numbers VALUES (1)");
    assert_true(authd_wal_index_changed(&watched));
    assert_false(authd_wal_index_changed(&watched));
  }
}

static void what_is_taken_back_is_no_change(void **state) {
  (void)state;
  authd_wal_index_changed(&watched);
  run(db, "BEGIN IMMEDIATE; INSERT INTO numbers VALUES (1); ROLLBACK");
  assert_false(authd_wal_index_changed(&watched));
}

/* The commit of another process, before which this one looked, and with it the log's beginnings:
 * when a log was written back and is used again, its header is as short as it was before. */
static void writes_of_another_process(void **state) {
  (void)state;
  enum { WRITES = 300 };
  int ask[2], tell[2], status;
  char byte;
  assert_int_equal(pipe(ask) + pipe(tell), 0);
  sqlite3_close(db); /* a process takes no connection along */
  pid_t child = fork();
  if (child == 0) {
    sqlite3 *other;
    close(ask[1]);
    if (sqlite3_open(path, &other) != SQLITE_OK)
      _exit(1);
    sqlite3_busy_timeout(other, 5000);
    for (int i = 0; read(ask[0], &byte, 1) == 1; i++)
      if ((i % 3 == 0 && sqlite3_exec(other, "PRAGMA wal_checkpoint(TRUNCATE)", 0, 0, 0) != 0) ||
          sqlite3_exec(other, "INSERT INTO numbers VALUES (1)", NULL, NULL, NULL) != SQLITE_OK ||
          write(tell[1], "", 1) != 1)
        _exit(1);
    _exit(sqlite3_close(other) == SQLITE_OK ? 0 : 1);
  }
  close(ask[0]);
  close(tell[1]);
  db = open_db(path);
  assert_int_equal(numbers(), 0);
  authd_wal_index_init(&watched, db);
  authd_wal_index_changed(&watched);
  for (int i = 0; i < WRITES; i++) {
    assert_false(authd_wal_index_changed(&watched));
    assert_int_equal(write(ask[1], "", 1), 1);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    assert_true(authd_wal_index_changed(&watched));
    assert_int_equal(numbers(), i + 1);
  }
  close(ask[1]);
  close(tell[0]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
}

/* Nothing tells of changes there, so there always might be one. */
static void databases_without_a_log(void **state) {
  (void)state;
  sqlite3 *memory = open_db(":memory:");
  authd_wal_index index;
  run(memory, "CREATE TABLE numbers (number)");
  authd_wal_index_init(&index, memory);
  assert_true(authd_wal_index_changed(&index));
  assert_true(authd_wal_index_changed(&index));
  sqlite3_close(memory);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {TEST(our_own_writes), TEST(what_is_taken_back_is_no_change),
                                     TEST(writes_of_another_process),
                                     cmocka_unit_test(databases_without_a_log)};
  if (mkdtemp(folder) == NULL)
    return 1;
  snprintf(path, sizeof path, "%s/test.db", folder);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  rmdir(folder);
  return failed;
}
