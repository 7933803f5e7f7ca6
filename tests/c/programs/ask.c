/* ask once|refresh ENDPOINT [TIMEOUT_MS]: gets a token with the library; `refresh` gets a second one, by /refreshToken.
 * Prints the last answer as a line of fields with tabs between them: "token", the expiration, name=URL of each product;
 * or else the error's code, the HTTP status, retry_after_ms, the hint, the server's message. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inbenta_auth.h"

static void print_token(const inbenta_auth_token *token) {
  printf("token\t%.0f\t", token->expiration);
  for (size_t i = 0; i < token->apis_count; i++)
    printf("%s%s=%s", i > 0 ? " " : "", token->apis[i].name, token->apis[i].url);
  puts("");
}

static void print_failure(const inbenta_auth_failure *failure) {
  printf("%s\t%d\t%" PRId64 "\t%s\t%s\n", inbenta_auth_error_code(failure->error), failure->status,
         failure->retry_after_ms, inbenta_auth_error_hint(failure->error), failure->server_message);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  const char *api_key = getenv("INBENTA_API_KEY"), *secret = getenv("INBENTA_SECRET");
  inbenta_auth *client;
  inbenta_auth_token token;
  inbenta_auth_failure failure = {0};
  const inbenta_auth_options options = {.api_key = api_key != NULL ? api_key : "the-api-key",
                                        .secret = secret != NULL ? secret : "the-secret",
                                        .endpoint = argv[2],
                                        .no_auto_refresh = true};
  inbenta_auth_get_options get = {.timeout_ms = argc > 3 ? atoi(argv[3]) : 10000};
  failure.error = inbenta_auth_new(&options, &client);
  if (failure.error == INBENTA_AUTH_OK)
    failure.error = inbenta_auth_get(client, &get, &token, &failure);
  if (failure.error == INBENTA_AUTH_OK && strcmp(argv[1], "refresh") == 0) {
    inbenta_auth_token_clean_up(&token);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL); /* two requests are a second apart */
    get.force_refresh = true;
    failure.error = inbenta_auth_get(client, &get, &token, &failure);
  }
  if (failure.error == INBENTA_AUTH_OK) {
    print_token(&token);
    inbenta_auth_token_clean_up(&token);
  } else {
    print_failure(&failure);
  }
  inbenta_auth_free(client);
  return 0;
}
