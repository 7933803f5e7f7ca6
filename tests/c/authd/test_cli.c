/* The program as people and scripts run it: arguments, exit statuses, JSON, and a running server that applies the
 * changes of a command. */
#define _POSIX_C_SOURCE 200809L
#include "cmocka_all.h"
#include "net.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 16
#define PATIENCE_S 60
#define ORIGIN "https://www.example.com"

static char folder[] = "/tmp/test-cli-XXXXXX";
static char out[65536], err[4096], answer[65536];

/* Starts the program in `folder`. The output of a command goes to the files "out" and "err" there. That of a server
 * (pipe_out is not NULL) goes to *pipe_out and "server-err": a server that shared "err" with the commands would write its
 * log over their messages, because each has its own place in the file. */
static pid_t start(const char *const *words, int *pipe_out) {
  int ends[2];
  if (pipe_out != NULL && pipe(ends) != 0)
    return -1;
  pid_t child = fork();
  if (child == 0) {
    const char *arguments[WORDS_MAX + 2] = {"inbenta-authd"};
    for (int i = 0; i < WORDS_MAX && words[i] != NULL; i++)
      arguments[i + 1] = words[i];
    alarm(PATIENCE_S); /* a server that should have refused to start must not hang the tests */
    if (chdir(folder) != 0)
      _exit(99);
    int to = pipe_out != NULL ? ends[1] : open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(to, STDOUT_FILENO);
    dup2(open(pipe_out != NULL ? "server-err" : "err", O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execv(AUTHD_PROGRAM, (char *const *)arguments);
    _exit(98);
  }
  if (pipe_out != NULL) {
    close(ends[1]);
    *pipe_out = ends[0];
  }
  return child;
}

static void write_file(const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  umask(077); /* what is written may be a token, which the program refuses where others can read it */
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static void read_file(const char *name, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "r");
  size_t len = file != NULL ? fread(text, 1, size - 1, file) : 0;
  text[len] = '\0';
  if (file != NULL)
    fclose(file);
}

static int wait_for(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int run_words(const char *const *words) {
  int status = wait_for(start(words, NULL));
  read_file("out", out, sizeof out);
  read_file("err", err, sizeof err);
  return status;
}

#define RUN(...) run_words((const char *const[]){__VA_ARGS__, NULL})

/* A string in the printed JSON object, or "". */
static const char *printed(const char *name) {
  static char values[4][256];
  static unsigned next;
  char *value = values[next++ % 4];
  cJSON *json = cJSON_Parse(out);
  const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));
  snprintf(value, sizeof values[0], "%s", text != NULL ? text : "");
  cJSON_Delete(json);
  return value;
}

/* On failure, prints what the command said instead. */
static void assert_printed(const char *text) {
  if (strstr(err, text) == NULL)
    fail_msg("\"%s\" is not in: %s", text, err);
}

static char api_key[256], domain_key[256], domain_key_id[256], secret[256], secret_id[256];

static int set_up(void **state) {
  (void)state;
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s/*", folder);
  if (system(command) != 0 || RUN("api-key", "create", "--name", "shop", "--json") != 0)
    return -1;
  snprintf(api_key, sizeof api_key, "%s", printed("apiKey"));
  if (RUN("domain-key", "create", "--api-key", api_key, "--domain", "www.example.com", "--json"))
    return -1;
  snprintf(domain_key, sizeof domain_key, "%s", printed("domainKey"));
  snprintf(domain_key_id, sizeof domain_key_id, "%s", printed("id"));
  if (RUN("secret", "create", "--api-key", api_key, "--json"))
    return -1;
  snprintf(secret, sizeof secret, "%s", printed("secret"));
  snprintf(secret_id, sizeof secret_id, "%s", printed("id"));
  return 0;
}

/* A running server. */
typedef struct {
  pid_t pid;
  unsigned short port;
} server;

static server serve_words(const char *const *words) {
  server started = {0};
  char line[256] = "";
  int from;
  started.pid = start(words, &from);
  FILE *file = fdopen(from, "r");
  unsigned port = 0;
  if (fgets(line, sizeof line, file) != NULL)
    sscanf(line, "inbenta-authd listening on http://127.0.0.1:%u/v1", &port);
  started.port = (unsigned short)port;
  if (port != 0) { /* the line is exactly this one */
    char expected[128];
    snprintf(expected, sizeof expected, "inbenta-authd listening on http://127.0.0.1:%u/v1\n", port);
    assert_string_equal(line, expected);
  }
  fclose(file);
  return started;
}

static server serve(const char *listen) {
  return serve_words((const char *const[]){"serve", "--listen", listen, NULL});
}

static void stop(const server *at) {
  assert_int_equal(kill(at->pid, SIGTERM), 0);
  assert_int_equal(wait_for(at->pid), 0);
}

static int get(const server *at, const char *path, const char *header) {
  char request[1024];
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", path, header);
  return net_exchange_text(at->port, request, answer, sizeof answer);
}

static int post(const server *at, const char *path, const char *header, const char *body) {
  char request[4096];
  snprintf(request, sizeof request,
           "POST /v1%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: " ORIGIN "\r\n"
           "x-inbenta-key: %s\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
           path, api_key, header, strlen(body), body);
  return net_exchange_text(at->port, request, answer, sizeof answer);
}

static int auth(const server *at, const char *field, const char *value) {
  char body[512];
  snprintf(body, sizeof body, "{\"%s\":\"%s\"}", field, value);
  return post(at, "/auth", "", body);
}

/* Refreshes the last token. */
static int refresh(const server *at, const char *token) {
  char header[2048];
  snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", token);
  return post(at, "/refreshToken", header, "");
}

static void copy_token(char token[1024]) {
  const char *start_of = strstr(answer, "\"accessToken\":\"");
  assert_non_null(start_of);
  start_of += strlen("\"accessToken\":\"");
  snprintf(token, 1024, "%.*s", (int)strcspn(start_of, "\""), start_of);
}

static void keys_are_created_and_listed(void **state) {
  (void)state;
  assert_int_equal(strlen(api_key), 43); /* 256 bits */
  assert_int_equal(strlen(secret), 43);
  assert_true(strlen(domain_key) > 43);
  assert_int_equal(RUN("api-key", "list", "--json"), 0);
  assert_non_null(strstr(out, api_key));
  assert_non_null(strstr(out, "\"name\":\"shop\""));
  assert_int_equal(RUN("domain-key", "list", "--api-key", api_key, "--json"), 0);
  assert_non_null(strstr(out, domain_key));
  assert_non_null(strstr(out, "\"domains\":[\"www.example.com\"]"));
  assert_int_equal(RUN("secret", "list", "--json"), 0);
  assert_non_null(strstr(out, secret_id));
  assert_null(strstr(out, secret));
  assert_int_equal(RUN("secret", "list"), 0);
  assert_null(strstr(out, secret));
  assert_int_equal(RUN("domain-key", "set-domains", domain_key_id, "--domain", "*.b\303\274cher.example", "--domain",
                       "http://localhost:1", "--json"),
                   0);
  assert_non_null(strstr(out, "\"domains\":[\"*.xn--bcher-kva.example\",\"http://localhost:1\"]"));
}

static void mistakes_exit_with_2(void **state) {
  (void)state;
  static const char *const mistakes[][WORDS_MAX] = {
      {NULL},
      {"bogus"},
      {"serve", "now"},
      {"serve", "--bogus"},
      {"serve", "--bogus", "x"},
      {"serve", "-x"},
      {"serve", "--lifetime", "0"},
      {"serve", "--lifetime", "31536001"},
      {"serve", "--lifetime", "10s"},
      {"serve", "--lifetime", "+5"},
      {"serve", "--lifetime", "99999999999999999999"},
      {"serve", "--lifetime"},
      {"serve", "--listen", "8080"},
      {"serve", "--listen", "127.0.0.1:65536"},
      {"serve", "--listen", "127.0.0.1:"},
      {"serve", "--listen", ":8080"},
      {"serve", "--api", "chatbot"},
      {"serve", "--api", "=https://x.example"},
      {"serve", "--api", "chatbot=http://x.example"},
      {"serve", "--apis"},
      {"serve", "--apis", "none"},
      {"serve", "--apis", ""},
      {"secret", "list", "--apis", "empty"},
      {"serve", "--api", "a=https://x.example", "--api", "a=https://y.example"},
      {"serve", "--domain", "x.example"},
      {"api-key"},
      {"api-key", "create"},
      {"api-key", "create", "--name", ""},
      {"api-key", "list", "x"},
      {"api-key", "list", "--lifetime", "5"},
      {"api-key", "delete", "x"},
      {"secret", "create"},
      {"secret", "revoke"},
      {"secret", "revoke", "x", "y"},
      {"secret", "rotate"},
      {"secret", "rotate", "x", "--overlap", "-1"},
      {"secret", "rotate", "x", "--overlap", "31536001"},
      {"secret", "rotate", "x", "--overlap", "day"},
      {"secret", "create", "--api-key", "x", "--overlap", "5"},
      {"signing-key"},
      {"signing-key", "list", "x"},
      {"signing-key", "rotate", "--publish", ""},
      {"signing-key", "rotate", "--overlap", "5"},
      {"domain-key", "set-domains", "x"},
      {"domain-key", "create", "--api-key", "x", "--domain", "*"},
      {"domain-key", "create", "--api-key", "x", "--domain", "x.example/path"},
      {"domain-key", "create", "--api-key", "x", "--domain", "\377\376"},
      {"domain-key", "create", "--api-key", "x", "--domain", "xn--a"},
      {"api-key", "create", "--name", "--json"},
  };
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    int status = run_words(mistakes[i]);
    if (status != 2 || err[0] == '\0' || out[0] != '\0')
      fail_msg("case %zu: exit %d, \"%s\"", i, status, err);
  }
  assert_int_equal(RUN("domain-key", "create", "--api-key", api_key), 2);
  assert_printed("--domain");
}

/* A secret in the wrong place is not repeated, for example in the log of a service manager. */
static void unexpected_words_are_not_printed(void **state) {
  (void)state;
  static const char *const calls[][WORDS_MAX] = {
      {"s3cr3t"},
      {"serve", "s3cr3t"},
      {"serve", "-s3cr3t"},
      {"serve", "--s3cr3t"},
      {"serve", "--api-key=s3cr3t"},
      {"serve", "--secret=s3cr3t"},
      {"api-key", "s3cr3t"},
      {"api-key", "list", "s3cr3t"},
      {"secret", "revoke", "x", "s3cr3t"},
      {"secret", "revoke", "s3cr3t"}, /* it is no ID */
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    assert_int_not_equal(run_words(calls[i]), 0);
    if (strstr(err, "s3cr3t") != NULL)
      fail_msg("case %zu: %s", i, err);
  }
  assert_int_equal(RUN("serve", "x"), 2);
  assert_printed("serve: one argument too many, after the command; each value follows its option ");
  assert_int_equal(RUN("api-key", "list", "x"), 2);
  assert_printed("api-key list: one argument too many, after the command; each value follows its option ");
  assert_int_equal(RUN("api-key", "create", "--name", "my", "shop", "again"), 2);
  assert_printed("api-key create: one argument too many, after --name and its value; write a value with spaces in ");
  assert_int_equal(RUN("secret", "revoke", "x", "--json", "y"), 2);
  assert_printed("secret revoke: one argument too many, after --json; ");
  assert_int_equal(RUN("secret", "revoke", "x", "y"), 2);
  assert_printed("secret revoke: one argument too many, after the key or ID ");
  assert_int_equal(RUN("-v"), 2);
  assert_printed("options begin with --, for example --name ");
  assert_int_equal(RUN("serve", "--api-kye", "x"), 2);
  assert_printed("unknown option --api-kye ");
}

/* The first thing that somebody types. */
static void an_incomplete_command_gets_what_may_follow(void **state) {
  (void)state;
  static const struct {
    const char *words[3], *message;
  } cases[] = {
      {{"secret"}, "secret must be followed by one of create, list, rotate, revoke "},
      {{"secret", "crate"}, "secret must be followed by one of create, list, rotate, revoke "},
      {{"api-key"}, "api-key must be followed by one of create, list, revoke "},
      {{"domain-key", "--json"}, "domain-key must be followed by one of create, list, set-domains, revoke "},
      {{"signing-key"}, "signing-key must be followed by one of list, rotate, revoke "},
      {{"list", "x"}, "unknown command; the commands are serve, api-key, secret, domain-key, signing-key, version "},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(RUN(cases[i].words[0], cases[i].words[1]), 2);
    assert_printed(cases[i].message);
  }
}

static void wrong_values_get_the_right_form(void **state) {
  (void)state;
  static const struct {
    const char *option, *value;
    int status;
    const char *message;
  } cases[] = {
      {"--lifetime", "20m", 2, "--lifetime 20m: write a whole number of seconds from 1 to "},
      {"--api_key", "x", 2, "unknown option --api_key "},
      {"--db", "mysql://localhost/x", 2, "--db: give a file, or a URL that begins with postgres://"},
      {"--db", "none/x.db", 1, "cannot open none/x.db: No such file or directory"},
      {"--listen", "localhost:0", 1, "--listen localhost:0: not an IP address; write 127.0.0.1 for this machine only"},
      {"--listen", "203.0.113.1:0", 1, "this machine has no such address"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(RUN("serve", cases[i].option, cases[i].value), cases[i].status);
    assert_printed(cases[i].message);
  }
  assert_int_equal(RUN("domain-key", "set-domains", "x", "--domain", "www.example.com"), 1);
  assert_printed("to list all, run: inbenta-authd domain-key list");
}

/* People copy either of the two that a list shows. */
static void a_key_is_found_by_its_value_and_its_id(void **state) {
  (void)state;
  char id[64];
  assert_int_equal(RUN("api-key", "create", "--name", "other", "--json"), 0);
  snprintf(id, sizeof id, "%s", printed("id"));
  assert_int_equal(RUN("secret", "list", "--api-key", id), 0);
  assert_printed("secret list: there are none");
  assert_int_equal(RUN("secret", "list", "--api-key", id, "--json"), 0);
  assert_string_equal(err, "");
  assert_int_equal(RUN("secret", "create", "--api-key", id), 0);
  assert_int_equal(RUN("domain-key", "list", "--api-key", id), 0);
  assert_int_equal(RUN("domain-key", "set-domains", domain_key, "--domain", "other.example", "--json"), 0);
  assert_string_equal(printed("id"), domain_key_id);
  assert_int_equal(RUN("domain-key", "set-domains", secret_id, "--domain", "other.example"), 1);
  assert_printed("there is no such domain-key; to list all, run: inbenta-authd domain-key list");
}

/* One random key of 64 begins with "-". */
static void keys_that_begin_with_a_dash(void **state) {
  (void)state;
  static const char *const keys[] = {"-aB0_", "-abc", "--aB0_", "-"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    assert_int_equal(RUN("signing-key", "revoke", keys[i]), 1);
    assert_printed("no such signing key");
    assert_int_equal(RUN("api-key", "revoke", keys[i]), 1);
    assert_printed("no such API key");
    assert_int_equal(RUN("secret", "create", "--api-key", keys[i]), 1);
    assert_printed("no such API key");
  }
  assert_int_equal(RUN("signing-key", "revoke", "--nwo"), 2);
  assert_printed("unknown option --nwo");
}

static void control_characters_are_escaped(void **state) {
  (void)state;
  assert_int_equal(RUN("domain-key", "create", "--api-key", "x", "--domain", "a\033[31m\n.example"), 2);
  assert_printed("--domain a\\x1b[31m\\x0a.example: ");
  assert_int_equal(RUN("serve", "--listen", "\033]0;x\007"), 2);
  assert_printed("--listen \\x1b]0;x\\x07: ");
}

static void failures_exit_with_1(void **state) {
  (void)state;
  static const char *const failures[][WORDS_MAX] = {
      {"secret", "create", "--api-key", "unknown"},
      {"secret", "revoke", "sk_unknown"},
      {"secret", "rotate", "sk_unknown"},
      {"domain-key", "revoke", "dk_unknown"},
      {"domain-key", "set-domains", "dk_unknown", "--domain", "x.example"},
      {"serve", "--listen", "192.0.2.1:8080"},
      {"serve", "--listen", "localhost:0"},
      {"api-key", "list", "--db", "/no/such/folder/x"},
  };
  for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
    int status = run_words(failures[i]);
    if (status != 1 || err[0] == '\0' || out[0] != '\0')
      fail_msg("case %zu: exit %d, \"%s\"", i, status, err);
  }
}

static void help(void **state) {
  (void)state;
  static const char *const calls[][WORDS_MAX] = {
      {"--help"}, {"-h"}, {"serve", "--help"}, {"domain-key", "create", "--help"}};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    assert_int_equal(run_words(calls[i]), 0);
    assert_non_null(strstr(out, "domain-key set-domains"));
  }
}

static void version(void **state) {
  (void)state;
  static const char *const calls[][WORDS_MAX] = {{"--version"}, {"version"}, {"serve", "--version"}};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    assert_int_equal(run_words(calls[i]), 0);
    assert_string_equal(out, "inbenta-authd " AUTHD_VERSION "\n");
    assert_string_equal(err, "");
  }
}

static void a_running_server_applies_commands_immediately(void **state) {
  (void)state;
  char token[1024], of_secret[1024];
  server at = serve("127.0.0.1:0");
  assert_int_not_equal(at.port, 0);
  assert_int_equal(auth(&at, "domainKey", domain_key), 200);
  copy_token(token);
  assert_int_equal(auth(&at, "secret", secret), 200);
  copy_token(of_secret);
  assert_int_equal(refresh(&at, token), 200);
  assert_int_equal(RUN("domain-key", "set-domains", domain_key_id, "--domain", "x.example"), 0);
  assert_int_equal(refresh(&at, token), 403);
  assert_non_null(strstr(answer, "Origin " ORIGIN " is not on this domain key's list of domains."));
  assert_int_equal(RUN("domain-key", "revoke", domain_key), 0);
  assert_int_equal(refresh(&at, token), 403);
  assert_non_null(strstr(answer, "key_revoked"));
  assert_int_equal(auth(&at, "domainKey", domain_key), 403);
  assert_int_equal(RUN("secret", "revoke", secret_id, "--json"), 0);
  assert_int_equal(auth(&at, "secret", secret), 403);
  assert_int_equal(refresh(&at, of_secret), 403);
  assert_int_equal(kill(at.pid, SIGTERM), 0);
  assert_int_equal(wait_for(at.pid), 0);
}

static void a_secret_rotated_under_a_running_server(void **state) {
  (void)state;
  char old[256], fresh[256], old_id[256];
  server at = serve("127.0.0.1:0");
  assert_int_equal(RUN("secret", "rotate", secret_id, "--json"), 0);
  assert_string_equal(printed("replaces"), secret_id);
  assert_string_equal(printed("expires"), "");
  snprintf(fresh, sizeof fresh, "%s", printed("secret"));
  snprintf(old_id, sizeof old_id, "%s", printed("id"));
  snprintf(old, sizeof old, "%s", printed("replacedExpires"));
  assert_int_equal(auth(&at, "secret", secret), 200);
  assert_int_equal(auth(&at, "secret", fresh), 200);
  assert_int_equal(RUN("secret", "list", "--json"), 0);
  assert_non_null(strstr(out, old));
  assert_null(strstr(out, fresh));
  assert_int_equal(RUN("secret", "rotate", secret_id, "--overlap", "0"), 0);
  assert_non_null(strstr(out, secret_id));
  assert_int_equal(auth(&at, "secret", secret), 403);
  assert_non_null(strstr(answer, "key_revoked"));
  assert_int_equal(auth(&at, "secret", fresh), 200);
  assert_int_equal(RUN("secret", "rotate", secret_id), 1);
  assert_printed("has expired; create a new one");
  assert_int_equal(RUN("secret", "rotate", domain_key_id), 1);
  assert_int_equal(RUN("secret", "revoke", old_id), 0);
  assert_int_equal(RUN("secret", "rotate", old_id), 1);
  assert_printed("was revoked; create a new one");
  stop(&at);
}

static void a_signing_key_rotated_under_a_running_server(void **state) {
  (void)state;
  char token[1024], kid[256];
  assert_int_equal(RUN("signing-key", "list", "--json"), 0);
  assert_string_equal(out, "[]\n");
  server at = serve("127.0.0.1:0");
  assert_int_equal(auth(&at, "secret", secret), 200);
  copy_token(token);
  assert_int_equal(RUN("signing-key", "rotate", "--publish", "86400", "--json"), 0);
  assert_string_equal(printed("state"), "published");
  snprintf(kid, sizeof kid, "%s", printed("kid"));
  sleep(2); /* it looks once a second */
  assert_int_equal(get(&at, "/.well-known/jwks.json", ""), 200);
  assert_non_null(strstr(answer, kid));
  assert_int_equal(refresh(&at, token), 200);
  assert_int_equal(RUN("signing-key", "rotate"), 1);
  assert_printed("rotate again later");
  assert_int_equal(RUN("signing-key", "list"), 0);
  assert_non_null(strstr(out, "signing\n"));
  assert_non_null(strstr(out, kid));
  stop(&at);
}

/* Acknowledged changes and tokens survive a server and commands that are killed. */
static void killed_and_started_again(void **state) {
  (void)state;
  char token[1024];
  server at = serve("127.0.0.1:0");
  assert_int_equal(auth(&at, "secret", secret), 200);
  copy_token(token);
  assert_int_equal(RUN("domain-key", "revoke", domain_key_id), 0);
  kill(at.pid, SIGKILL);
  assert_int_equal(wait_for(at.pid), -SIGKILL);
  at = serve("127.0.0.1:0");
  assert_int_equal(refresh(&at, token), 200);
  assert_int_equal(auth(&at, "domainKey", domain_key), 403);
  assert_non_null(strstr(answer, "key_revoked"));
  kill(at.pid, SIGINT);
  assert_int_equal(wait_for(at.pid), 0);
}

/* What a server on this database prints after its address; "" if nothing. */
static const char *printed_after_the_address(const char *db) {
  static char line[256];
  const char *const words[] = {"serve", "--listen", "127.0.0.1:0", "--db", db, "--quiet", NULL};
  int from;
  pid_t child = start(words, &from);
  FILE *file = fdopen(from, "r");
  assert_non_null(fgets(line, sizeof line, file));
  kill(child, SIGTERM);
  assert_int_equal(wait_for(child), 0);
  if (fgets(line, sizeof line, file) == NULL)
    line[0] = '\0';
  fclose(file);
  return line;
}

/* The first server that somebody starts has no keys. The commands that it and api-key create print can be run. */
static void the_first_steps_are_printed(void **state) {
  (void)state;
  assert_string_equal(printed_after_the_address("inbenta-authd.db"), "");
  assert_string_equal(
      printed_after_the_address("new.db"),
      "There are no keys yet. To make one, run: inbenta-authd api-key create --name NAME --db new.db\n");
  assert_int_equal(RUN("api-key", "create", "--name", "NAME", "--db", "new.db"), 0);
  char key[64] = "", next[128];
  assert_int_equal(sscanf(out, "API key %63s", key), 1);
  snprintf(next, sizeof next, "  inbenta-authd secret create --api-key %s --db new.db\n", key);
  assert_non_null(strstr(out, next));
  assert_int_equal(RUN("secret", "create", "--api-key", key, "--db", "new.db"), 0);
  assert_int_equal(RUN("api-key", "create", "--name", "shop"), 0);
  assert_null(strstr(out, "--db"));
}

static void a_port_in_use(void **state) {
  (void)state;
  char listen[32];
  server at = serve("127.0.0.1:0");
  snprintf(listen, sizeof listen, "127.0.0.1:%u", at.port);
  assert_int_equal(RUN("serve", "--listen", listen), 1);
  assert_printed("in use; stop the program that uses this port, or take another port");
  kill(at.pid, SIGTERM);
  assert_int_equal(wait_for(at.pid), 0);
  at = serve(listen);
  assert_int_not_equal(at.port, 0);
  kill(at.pid, SIGTERM);
  assert_int_equal(wait_for(at.pid), 0);
}

#define ADMIN_TOKEN "0123456789abcdef0123456789abcdef"
#define ADMIN_HEADER "Authorization: Bearer " ADMIN_TOKEN "\r\n"

static void administration_with_the_token(void **state) {
  (void)state;
  server at = serve("127.0.0.1:0");
  assert_int_equal(get(&at, "/admin/", ""), 404);
  assert_int_equal(get(&at, "/admin/api-keys", ADMIN_HEADER), 404);
  stop(&at);
  write_file("token", ADMIN_TOKEN "\r\n");
  at = serve_words((const char *const[]){"serve", "--listen", "127.0.0.1:0", "--admin-token-file", "token", NULL});
  assert_int_equal(get(&at, "/admin/", ""), 200);
  assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'; "));
  assert_int_equal(get(&at, "/admin/api-keys", ""), 401);
  assert_int_equal(get(&at, "/admin/api-keys", "Authorization: Bearer " ADMIN_TOKEN "0\r\n"), 401);
  assert_null(strstr(answer, api_key));
  assert_int_equal(get(&at, "/admin/api-keys", ADMIN_HEADER), 200);
  assert_non_null(strstr(answer, api_key));
  /* Two are one too many, whatever they are. */
  assert_int_equal(get(&at, "/admin/api-keys", ADMIN_HEADER ADMIN_HEADER), 401);
  assert_int_equal(get(&at, "/admin/" ADMIN_TOKEN, ADMIN_HEADER), 404);
  assert_int_equal(auth(&at, "domainKey", domain_key), 200);
  stop(&at);
  read_file("server-err", err, sizeof err);
  assert_printed(" GET /admin/api-keys 200 ");
  assert_printed("reason=token_invalid");
  assert_null(strstr(err, ADMIN_TOKEN));
}

static void admin_tokens_that_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } bad[] = {
      {"", "at least 32 characters"},
      {"0123456789abcdef0123456789abcde\n", "at least 32 characters"},
      {ADMIN_TOKEN "\n" ADMIN_TOKEN "\n", "one word"},
      {ADMIN_TOKEN " ", "one word"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    write_file("token", bad[i].text);
    assert_int_equal(RUN("serve", "--listen", "127.0.0.1:0", "--admin-token-file", "token"), 1);
    assert_printed(bad[i].message);
    assert_null(strstr(err, "0123456789"));
  }
  char large[1000];
  memset(large, 'a', sizeof large);
  large[sizeof large - 1] = '\0';
  write_file("token", large);
  assert_int_equal(RUN("serve", "--listen", "127.0.0.1:0", "--admin-token-file", "token"), 1);
  assert_printed("at most 256");
  assert_int_equal(RUN("serve", "--listen", "127.0.0.1:0", "--admin-token-file", "none"), 1);
  assert_printed("No such file");
  assert_int_equal(RUN("serve", "--listen", "127.0.0.1:0", "--admin-token-file", "/"), 1);
  assert_int_equal(RUN("api-key", "list", "--admin-token-file", "token"), 2);
}

/* Several programs open a new file at the same time. */
static void a_new_file_opened_by_many_at_once(void **state) {
  (void)state;
  enum { MANY = 8, ROUNDS = 5 };
  for (int round = 0; round < ROUNDS; round++) {
    char name[16];
    pid_t children[MANY];
    snprintf(name, sizeof name, "new%d.db", round);
    for (int i = 0; i < MANY; i++)
      children[i] = start((const char *const[]){"api-key", "create", "--name", "x", "--db", name, NULL}, NULL);
    for (int i = 0; i < MANY; i++)
      assert_int_equal(wait_for(children[i]), 0);
    assert_int_equal(RUN("api-key", "list", "--db", name, "--json"), 0);
    cJSON *json = cJSON_Parse(out);
    assert_int_equal(cJSON_GetArraySize(json), MANY);
    cJSON_Delete(json);
  }
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(keys_are_created_and_listed),
      TEST(mistakes_exit_with_2),
      TEST(unexpected_words_are_not_printed),
      TEST(control_characters_are_escaped),
      TEST(an_incomplete_command_gets_what_may_follow),
      TEST(wrong_values_get_the_right_form),
      TEST(a_key_is_found_by_its_value_and_its_id),
      TEST(keys_that_begin_with_a_dash),
      TEST(failures_exit_with_1),
      TEST(help),
      TEST(version),
      TEST(a_running_server_applies_commands_immediately),
      TEST(a_secret_rotated_under_a_running_server),
      TEST(a_signing_key_rotated_under_a_running_server),
      TEST(killed_and_started_again),
      TEST(the_first_steps_are_printed),
      TEST(a_port_in_use),
      TEST(administration_with_the_token),
      TEST(admin_tokens_that_are_refused),
      TEST(a_new_file_opened_by_many_at_once),
  };
  if (mkdtemp(folder) == NULL)
    return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command) != 0 ? 1 : failed;
}
