/* Certificate files; see tls.h. Mistakes are reported with the file's name when the server starts. A TLS library would
 * only report them with the first connection, and to the client. */
#define _POSIX_C_SOURCE 200809L
#include "authd/tls.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/private_file.h"
#include "base/wipe.h"

#define PEM_MAX 65536 /* bytes of a file; a real chain is far smaller */

typedef struct {
  char *text;
  size_t size;
} problem_text;

/* Begins a problem with the option of the file that is read now. The rest is written after it. */
static problem_text begin_problem(char *text, size_t size, const char *option) {
  size_t len = (size_t)snprintf(text, size, "%s ", option);
  return (problem_text){text + len, size - len};
}

static bool fails(problem_text problem, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem.text, problem.size, format, arguments);
  va_end(arguments);
  return false;
}

/* Reads and closes the file, which may be NULL. Returns the complete text, or NULL. The caller wipes and frees it. */
static char *read_file(FILE *file, const char *path, problem_text problem) {
  char *text = file != NULL ? calloc(1, PEM_MAX) : NULL;
  if (file != NULL && text == NULL)
    fails(problem, "%s: out of memory", path);
  if (text != NULL) {
    setvbuf(file, NULL, _IONBF, 0); /* unbuffered: a buffer would keep a copy of the key */
    size_t len = fread(text, 1, PEM_MAX - 1, file);
    if (ferror(file) || len == 0 || len == PEM_MAX - 1) {
      fails(problem, "%s: not a PEM file", path);
      iauth__wipe(text, PEM_MAX);
      free(text);
      text = NULL;
    }
  }
  if (file != NULL)
    fclose(file);
  return text;
}

/* Answers that there is no passphrase. Otherwise OpenSSL would ask on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user) {
  (void)buffer, (void)size, (void)writing, (void)user;
  return -1;
}

static X509 *read_certificate(const char *text) {
  BIO *bio = BIO_new_mem_buf(text, -1);
  X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
  BIO_free(bio);
  return certificate;
}

static EVP_PKEY *read_key(const char *text) {
  BIO *bio = BIO_new_mem_buf(text, -1);
  EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
  BIO_free(bio);
  return key;
}

static bool check(const authd_tls *tls, const char *certificate_path, const char *key_path, problem_text problem) {
  X509 *certificate = read_certificate(tls->certificates);
  EVP_PKEY *key = read_key(tls->key);
  bool good = false;
  if (certificate == NULL)
    fails(problem, "--tls-cert %s: has no certificate in PEM format", certificate_path);
  else if (key == NULL)
    fails(problem, "--tls-key %s: has no private key in PEM format without a passphrase", key_path);
  else if (X509_check_private_key(certificate, key) != 1)
    fails(problem, "--tls-key %s: is not the key of the certificate in %s", key_path, certificate_path);
  else if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
    fails(problem, "--tls-cert %s: the certificate has expired; get a new one", certificate_path);
  else
    good = true;
  X509_free(certificate);
  EVP_PKEY_free(key);
  return good;
}

bool authd_tls_load(authd_tls *tls, const char *certificate_path, const char *key_path, char *text, size_t size) {
  problem_text problem = begin_problem(text, size, "--tls-cert");
  FILE *file = iauth__regular_file_open(certificate_path, problem.text, problem.size);
  *tls = (authd_tls){read_file(file, certificate_path, problem), NULL};
  if (tls->certificates == NULL)
    return false;
  problem = begin_problem(text, size, "--tls-key");
  tls->key = read_file(iauth__private_file_open(key_path, problem.text, problem.size), key_path, problem);
  bool good = tls->key != NULL;
  if (good)
    good = check(tls, certificate_path, key_path, (problem_text){text, size});
  if (!good)
    authd_tls_clean_up(tls);
  return good;
}

void authd_tls_clean_up(authd_tls *tls) {
  if (tls->key != NULL)
    iauth__wipe(tls->key, PEM_MAX);
  free(tls->certificates);
  free(tls->key);
  *tls = (authd_tls){0};
}
