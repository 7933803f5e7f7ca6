/* What the libraries alone can do: a fixed answer of a grant's size to any request; below /sign/
 * after the Ed25519 operations that a grant cannot do without, a signature, and for /refreshToken
 * the check of another one. Prints its port and serves until its standard input ends. It has one
 * thread: where two cores serve the load's generator, too, a second one makes it slower. */
#include <microhttpd.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char body[] =
    "{\"accessToken\":\"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9."
    "0123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "456789\",\"expiration\":1700000000,\"expires_in\":1200,\"apis\":{}}";

static EVP_PKEY *key;

static unsigned char signature[64];

/* Signs as much as a token's header and claims are, or checks that signature. */
static bool sign(bool check) {
  const unsigned char *text = (const unsigned char *)body;
  size_t len = 200, size = sizeof signature;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool ok = check ? EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                        EVP_DigestVerify(context, signature, size, text, len) == 1
                  : EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                        EVP_DigestSign(context, signature, &size, text, len) == 1;
  EVP_MD_CTX_free(context);
  return ok;
}

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
  static int started;
  (void)user, (void)method, (void)version, (void)data;
  if (*state == NULL || *size > 0) {
    *state = &started;
    *size = 0;
    return MHD_YES;
  }
  if (strncmp(url, "/sign/", 6) == 0 && (!sign(false) || (strstr(url, "/refreshToken") != NULL && !sign(true))))
    return MHD_NO;
  struct MHD_Response *response =
      MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return result;
}

int main(void) {
  key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
  if (key == NULL)
    return 1;
  struct MHD_Daemon *daemon =
      MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
  if (daemon == NULL)
    return 1;
  printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  while (getchar() != EOF)
    ;
  MHD_stop_daemon(daemon);
  EVP_PKEY_free(key);
  return 0;
}
