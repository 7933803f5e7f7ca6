/* Which option is wrong, and why; see inbenta_auth.h. The rules are those of the core. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <unistd.h>

#include "core/credential.h"
#include "core/endpoint.h"
#include "native/errors.h"

/* What is wrong with a text that cannot be a credential. */
static const char *credential_problem(const char *text) {
  size_t len = text != NULL ? strlen(text) : 0;
  if (len == 0)
    return "is missing";
  if (len > IAUTH_CREDENTIAL_MAX)
    return "is too long for a key";
  if (strpbrk(text, " \t\r\n") != NULL)
    return "contains a space or a line break; a key has none";
  if ((*text == '"' || *text == '\'') && text[len - 1] == *text)
    return "is in quotes; write it without them";
  return "contains a character that no key has: keys are printable ASCII, without a byte order mark";
}

static inbenta_auth_error report(const char *option, const char *advice, inbenta_auth_error error,
                                 inbenta_auth_mistake *mistake) {
  *mistake = (inbenta_auth_mistake){option, advice};
  return error;
}

inbenta_auth_error inbenta_auth_check(const inbenta_auth_options *options, inbenta_auth_mistake *mistake) {
  const char *endpoint = options->endpoint != NULL ? options->endpoint : IAUTH_ENDPOINT;
  const char *personal = options->user_personal_secret;
  if (!iauth__is_credential(options->api_key))
    return report("api_key", credential_problem(options->api_key), INBENTA_AUTH_INVALID_CONFIG, mistake);
  if (!iauth__is_credential(options->secret))
    return report("secret", credential_problem(options->secret), INBENTA_AUTH_INVALID_CONFIG, mistake);
  if (personal != NULL && *personal != '\0' && !iauth__is_credential(personal))
    return report("user_personal_secret", credential_problem(personal), INBENTA_AUTH_INVALID_CONFIG, mistake);
  inbenta_auth_error error = native_error(iauth__check_endpoint(endpoint, options->allow_insecure), INBENTA_AUTH_OK);
  if (error == INBENTA_AUTH_INSECURE_ENDPOINT)
    return report(
        "endpoint",
        "must begin with https://; plain http works for this machine only (in a test network: allow_insecure)", error,
        mistake);
  if (error != INBENTA_AUTH_OK)
    return report("endpoint",
                  "must be a base URL without user and query that begins with https:// and ends with its version: "
                  "https://api.inbenta.io/v1",
                  error, mistake);
  /* libcurl would report it only at the first request. */
  if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0)
    return report("ca_file", "cannot be read", INBENTA_AUTH_INVALID_CONFIG, mistake);
  return INBENTA_AUTH_OK;
}
