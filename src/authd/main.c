/* inbenta-authd: a local Auth API for development and tests. This file finds the command and runs it. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "authd/manage_keys.h"
#include "authd/serve.h"
#include "base/private_file.h"
#include "base/shown.h"
#include "base/standard_files.h"

#define PROBLEM_SIZE 512

static const authd_command serve_command = {"serve", "", authd_serve,
                                            AUTHD_LISTEN | AUTHD_LIFETIME | AUTHD_API | AUTHD_QUIET | AUTHD_ADMIN |
                                                AUTHD_TLS | AUTHD_HOSTS | AUTHD_LOG | AUTHD_LIMITS | AUTHD_AUDIT,
                                            true};

/* NULL if there is no such command. */
static const authd_command *find_command(const authd_command_line *line) {
  if (strcmp(line->noun, "serve") == 0)
    return &serve_command;
  for (size_t i = 0; line->verb != NULL && i < authd_key_command_count; i++)
    if (strcmp(line->noun, authd_key_commands[i].noun) == 0 && strcmp(line->verb, authd_key_commands[i].verb) == 0)
      return &authd_key_commands[i];
  return NULL;
}

/* Appends a name to a list for people. */
static void append_name(char *list, size_t size, const char *name) {
  size_t len = strlen(list);
  snprintf(list + len, size - len, "%s%s", len > 0 ? ", " : "", name);
}

/* Prints the verbs of the noun; for an unknown noun, all nouns. What was given is not printed, because it may be
 * a credential. Returns the exit status. */
static int refuse_command(const authd_command_line *line) {
  char nouns[256] = "serve", verbs[256] = "";
  for (size_t i = 0; i < authd_key_command_count; i++) {
    const authd_command *command = &authd_key_commands[i];
    if (i == 0 || strcmp(command->noun, authd_key_commands[i - 1].noun) != 0)
      append_name(nouns, sizeof nouns, command->noun);
    if (strcmp(command->noun, line->noun) == 0)
      append_name(verbs, sizeof verbs, command->verb);
  }
  if (verbs[0] == '\0')
    return authd_print_error(2, "unknown command; the commands are %s, version (see inbenta-authd --help)", nouns);
  return authd_print_error(2, "%s must be followed by one of %s (see inbenta-authd --help)", line->noun, verbs);
}

static int run_with_store(authd_context *context, const authd_command *command) {
  char problem[PROBLEM_SIZE];
  if (authapi_store_sqlite_replaced(context->line->db, problem, sizeof problem) ||
      !authd_open_store(&context->store, context->line->db, command->creates_db, problem, sizeof problem))
    return authd_print_error(1, "cannot open %s", problem);
  int status = command->run(context);
  context->store.close(context->store.state);
  return status;
}

/* Runs a command. If the requested audit log cannot be opened, the command does not run. */
static int run_command(const authd_command_line *line, const authd_command *command) {
  authd_audit_file file;
  authapi_audit audit = {.write = authd_audit_file_write, .state = &file};
  authd_context context = {.line = line, .signer = authd_signer_openssl()};
  if (line->audit_path == NULL)
    return run_with_store(&context, command);
  char problem[PROBLEM_SIZE];
  if (!iauth__private_file_check(line->audit_path, problem, sizeof problem))
    return authd_print_error(1, "--audit %s", problem);
  if (!authd_audit_file_open(&file, line->audit_path))
    return authd_print_error(1, "--audit %s: %s", iauth__shown(line->audit_path),
                             errno == ENXIO ? "it is a pipe that nobody reads" : strerror(errno));
  context.audit = &audit;
  context.audit_file = &file;
  int status = run_with_store(&context, command);
  authd_audit_file_close(&file);
  return status;
}

static int run_line(const authd_command_line *line) {
  if (line->noun == NULL) {
    fputs(authd_usage, stderr);
    return 2;
  }
  const authd_command *command = find_command(line);
  if (command == NULL)
    return refuse_command(line);
  int status = authd_command_line_check(line, command->allowed);
  return status == 0 ? run_command(line, command) : status;
}

/* Returns the exit status of a command that only prints. */
static int print_text(const char *text) {
  fputs(text, stdout);
  return authd_flush_output() ? 0 : authd_print_error(1, AUTHD_NO_OUTPUT, strerror(errno));
}

int main(int argc, char **argv) {
  static authd_command_line line; /* too large for the stack */
  iauth__standard_files_open();
  signal(SIGXFSZ, SIG_IGN); /* a file that reached its size limit is reported like a full disk */
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
      return print_text(authd_usage);
    if (strcmp(argv[i], "--version") == 0 || (argc == 2 && strcmp(argv[i], "version") == 0))
      return print_text("inbenta-authd " IAUTH_VERSION "\n");
  }
  int status = authd_command_line_read(&line, argc, argv);
  if (status == 0)
    status = run_line(&line);
  authd_command_line_clean_up(&line);
  return status;
}
