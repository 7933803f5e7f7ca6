/* Output; see print.h. */
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/shown.h"

/* A text from the API may contain any character that JSON allows. */
static void print_json_string(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      fprintf(out, "\\%c", *text);
    else if ((unsigned char)*text < ' ')
      fprintf(out, "\\u%04x", (unsigned)*text);
    else
      fputc(*text, out);
  }
  fputc('"', out);
}

static void print_json_apis(FILE *out, const inbenta_auth_token *token) {
  fputc('{', out);
  for (size_t i = 0; i < token->apis_count; i++) {
    if (i > 0)
      fputc(',', out);
    print_json_string(out, token->apis[i].name);
    fputc(':', out);
    print_json_string(out, token->apis[i].url);
  }
  fputc('}', out);
}

bool print_token(FILE *out, output_format format, const inbenta_auth_token *token) {
  switch (format) {
  case FORMAT_TEXT:
    fprintf(out, "%s\n", token->access_token);
    break;
  case FORMAT_HEADER:
    fprintf(out, "Authorization: Bearer %s\n", token->access_token);
    break;
  case FORMAT_JSON:
    fputs("{\"accessToken\":", out);
    print_json_string(out, token->access_token);
    fprintf(out, ",\"expiration\":%.0f,\"expiresAt\":%" PRId64 ",\"apis\":", token->expiration, token->expires_at_ms);
    print_json_apis(out, token);
    fputs("}\n", out);
    break;
  }
  return fflush(out) == 0 && !ferror(out);
}

int print_no_output(void) { return print_error(EXIT_FAILED, "cannot write to standard output: %s", strerror(errno)); }

int print_apis(output_format format, const char *product, const inbenta_auth_token *token) {
  if (product != NULL) {
    const char *url = inbenta_auth_token_api(token, product);
    if (url == NULL)
      return print_error(EXIT_FAILED,
                         "%s: the API key is not valid for this product; to list its products, run: inbenta-token apis",
                         iauth__shown(product));
    puts(url);
  } else if (format == FORMAT_JSON) {
    print_json_apis(stdout, token);
    puts("");
  } else {
    for (size_t i = 0; i < token->apis_count; i++)
      printf("%s %s\n", token->apis[i].name, token->apis[i].url);
    if (token->apis_count == 0)
      print_error(0, "the API names no products for this API key");
  }
  return fflush(stdout) == 0 ? 0 : print_no_output();
}

static int exit_code(inbenta_auth_error error) {
  switch (error) {
  case INBENTA_AUTH_OK:
    return 0;
  case INBENTA_AUTH_INVALID_CONFIG:
  case INBENTA_AUTH_INSECURE_ENDPOINT:
    return EXIT_USAGE;
  case INBENTA_AUTH_ORIGIN_NOT_ALLOWED:
  case INBENTA_AUTH_CREDENTIALS_REJECTED:
  case INBENTA_AUTH_KEY_REVOKED:
  case INBENTA_AUTH_TOKEN_EXPIRED:
    return EXIT_REFUSED;
  case INBENTA_AUTH_TIMEOUT:
  case INBENTA_AUTH_NETWORK:
  case INBENTA_AUTH_DNS:
  case INBENTA_AUTH_PROXY:
  case INBENTA_AUTH_TLS:
  case INBENTA_AUTH_CERTIFICATE:
    return EXIT_UNREACHED;
  case INBENTA_AUTH_RATE_LIMITED:
  case INBENTA_AUTH_SERVER_ERROR:
    return EXIT_LATER;
  case INBENTA_AUTH_BAD_RESPONSE:
  case INBENTA_AUTH_ENDPOINT_REFUSED:
  case INBENTA_AUTH_BODY_TOO_LARGE:
    return EXIT_BAD_RESPONSE;
  case INBENTA_AUTH_NO_MEMORY:
  case INBENTA_AUTH_ABORTED:
  case INBENTA_AUTH_DISPOSED:
    break;
  }
  return EXIT_FAILED;
}

int print_failure(const char *endpoint, const inbenta_auth_failure *failure) {
  const char *code = inbenta_auth_error_code(failure->error), *hint = inbenta_auth_error_hint(failure->error);
  int status = exit_code(failure->error);
  if (status <= EXIT_USAGE) /* not about the endpoint */
    return print_error(status, "%s. %s", code, hint);
  char from[32] = "", says[INBENTA_AUTH_MESSAGE_SIZE + 32] = "";
  if (failure->status != 0)
    snprintf(from, sizeof from, "HTTP %d from ", failure->status);
  if (failure->server_message[0] != '\0')
    snprintf(says, sizeof says, "The server says: %s – ", failure->server_message);
  else if (failure->network_message[0] != '\0')
    snprintf(says, sizeof says, "libcurl says: %s – ", failure->network_message);
  return print_error(status, "%s (%s%s). %s%s", code, from, iauth__shown(endpoint), says, hint);
}
