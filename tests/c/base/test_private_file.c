/* Who may use a file that holds a credential. The linker puts the test's own functions in place of libc's
 * (CMakeLists.txt): a test cannot make a file of another account, or make an open file unreadable. */
#include "base/private_file.h"
#include "cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct stat info;
static int stat_result;
static uid_t account;

int __wrap_stat(const char *path, struct stat *out);
uid_t __wrap_geteuid(void);

int __wrap_stat(const char *path, struct stat *out) {
  assert_string_equal(path, "the file");
  *out = info;
  return stat_result;
}

uid_t __wrap_geteuid(void) { return account; }

static bool fstat_fails, fdopen_fails;

int __real_fstat(int file, struct stat *out);
int __wrap_fstat(int file, struct stat *out);
FILE *__real_fdopen(int file, const char *mode);
FILE *__wrap_fdopen(int file, const char *mode);

int __wrap_fstat(int file, struct stat *out) {
  errno = EIO;
  return fstat_fails ? -1 : __real_fstat(file, out);
}

FILE *__wrap_fdopen(int file, const char *mode) {
  errno = ENOMEM;
  return fdopen_fails ? NULL : __real_fdopen(file, mode);
}

/* What is wrong with a file; "" if nothing is. */
static const char *problem_of(mode_t mode, uid_t owner, uid_t user) {
  static char problem[128];
  memset(problem, 0, sizeof problem);
  info = (struct stat){.st_mode = mode, .st_uid = owner};
  account = user;
  bool good = iauth__private_file_check("the file", problem, sizeof problem);
  assert_int_equal(good, problem[0] == '\0');
  return problem;
}

static void modes(void **state) {
  (void)state;
  static const mode_t good[] = {0400, 0600, 0640, 0750}, bad[] = {0660, 0604, 0602, 0601, 0620, 0644, 0777};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_string_equal(problem_of(S_IFREG | good[i], 1000, 1000), "");
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_string_equal(problem_of(S_IFREG | bad[i], 1000, 1000),
                        "the file: other accounts can use it; run: chmod 600 the file");
}

static void owners(void **state) {
  (void)state;
  assert_string_equal(problem_of(S_IFREG | 0600, 1000, 0), ""); /* root uses files of any account … */
  assert_string_equal(problem_of(S_IFREG | 0640, 0, 1000), ""); /* … and any account files of root's */
  assert_string_equal(problem_of(S_IFREG | 0600, 1000, 1001),
                      "the file: belongs to another account; run: chown 1001 the file");
  assert_string_equal(problem_of(S_IFREG | 0644, 1000, 0),
                      "the file: other accounts can use it; run: chmod 600 the file");
}

/* Opening it tells what is wrong. */
static void no_files(void **state) {
  (void)state;
  assert_string_equal(problem_of(S_IFDIR | 0777, 1000, 1001), "");
  assert_string_equal(problem_of(S_IFIFO | 0666, 1000, 1001), "");
  stat_result = -1;
  assert_string_equal(problem_of(S_IFREG | 0666, 1000, 1001), "");
  stat_result = 0;
}

/* The descriptor that the next open() returns. */
static int next_descriptor(void) {
  int number = open("/dev/null", O_RDONLY);
  close(number);
  return number;
}

/* A pipe without a writer must not be waited for. */
static void only_regular_files_are_opened(void **state) {
  (void)state;
  const int standard_input = dup(STDIN_FILENO);
  close(STDIN_FILENO); /* so that 0 is a descriptor like any other */
  char folder[] = "/tmp/iauth-private-XXXXXX", path[64], problem[128];
  assert_non_null(mkdtemp(folder));
  account = getuid();
  snprintf(path, sizeof path, "%s/file", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  FILE *(*const open_functions[])(const char *, char *, size_t) = {iauth__regular_file_open, iauth__private_file_open};
  for (size_t i = 0; i < 2; i++) {
    assert_null(open_functions[i](path, problem, sizeof problem));
    assert_string_equal(strchr(problem, ':'), ": not a regular file");
    assert_null(open_functions[i](folder, problem, sizeof problem));
    assert_string_equal(strchr(problem, ':'), ": not a regular file");
    assert_null(open_functions[i]("/none", problem, sizeof problem));
    assert_string_equal(problem, "/none: No such file or directory");
  }
  assert_int_equal(unlink(path), 0);
  FILE *file = fopen(path, "w");
  fputs("text", file);
  fclose(file);
  for (unsigned mode = 0600; mode <= 0604; mode += 4) {
    char text[8] = "";
    assert_int_equal(chmod(path, mode), 0);
    file = iauth__regular_file_open(path, problem, sizeof problem);
    assert_string_equal(fgets(text, sizeof text, file), "text");
    fclose(file);
    file = iauth__private_file_open(path, problem, sizeof problem);
    assert_int_equal(file != NULL, mode == 0600);
    if (file != NULL)
      fclose(file);
    else
      assert_non_null(strstr(problem, ": other accounts can use it; run: chmod 600 "));
  }
  fstat_fails = true;
  assert_null(iauth__regular_file_open(path, problem, sizeof problem));
  assert_string_equal(strchr(problem, ':'), ": Input/output error");
  fstat_fails = false;
  fdopen_fails = true;
  assert_null(iauth__regular_file_open(path, problem, sizeof problem));
  assert_string_equal(strchr(problem, ':'), ": Cannot allocate memory");
  fdopen_fails = false;
  assert_int_equal(next_descriptor(), STDIN_FILENO); /* what could not be used was closed */
  dup2(standard_input, STDIN_FILENO);
  close(standard_input);
  unlink(path);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(modes), cmocka_unit_test(owners), cmocka_unit_test(no_files),
                                     cmocka_unit_test(only_regular_files_are_opened)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
