/* The command inbenta-token. */
#include "options.h"
#include "print.h"
#include "watch.h"

#include <string.h>

#include "base/standard_files.h"

/* The commands get and apis: print one token, then exit. */
static int get_once(const command_options *options) {
  inbenta_auth *client;
  inbenta_auth_token token;
  inbenta_auth_failure failure = {.error = inbenta_auth_new(&options->client, &client)};
  if (failure.error != INBENTA_AUTH_OK)
    return print_failure(options->client.endpoint, &failure);
  const inbenta_auth_get_options get = {.timeout_ms = options->client.timeout_ms};
  int status;
  if (inbenta_auth_get(client, &get, &token, &failure) != INBENTA_AUTH_OK)
    status = print_failure(options->client.endpoint, &failure);
  else if (strcmp(options->command, "apis") == 0)
    status = print_apis(options->format, options->product, &token);
  else
    status = print_token(stdout, options->format, &token) ? 0 : print_no_output();
  inbenta_auth_token_clean_up(&token);
  inbenta_auth_free(client);
  return status;
}

int main(int argc, char **argv) {
  command_options options;
  int status;
  iauth__standard_files_open();
  if (!options_read(argc, argv, &options, &status))
    return status;
  status = strcmp(options.command, "watch") == 0 ? watch(&options) : get_once(&options);
  options_clean_up(&options);
  return status;
}
