/* Who may use a file that holds a credential. The linker puts the test's own stat and geteuid in place of libc's
 * (CMakeLists.txt), because a test cannot make a file of another account. */
#include "base/private_file.h"
#include "cmocka_all.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(modes), cmocka_unit_test(owners), cmocka_unit_test(no_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
