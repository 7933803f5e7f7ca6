/* The current certificate; see certificate.h. Previous certificates are kept until the end: a handshake may still use
 * one, and they are small and few. */
#include "authd/certificate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 16 /* certificates; a real chain has far fewer */

struct certificate {
  struct certificate *previous;
  gnutls_pcert_st chain[CHAIN_MAX];
  unsigned chain_length;
  gnutls_privkey_t key;
};

static _Atomic(struct certificate *) current;

static gnutls_datum_t datum(const char *text) {
  return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static void release(struct certificate *certificate) {
  for (unsigned i = 0; i < certificate->chain_length; i++)
    gnutls_pcert_deinit(&certificate->chain[i]);
  gnutls_privkey_deinit(certificate->key); /* GnuTLS wipes the key */
  free(certificate);
}

static bool import(struct certificate *certificate, const authd_tls *tls) {
  const gnutls_datum_t certificates = datum(tls->certificates), key = datum(tls->key);
  unsigned length = CHAIN_MAX;
  if (gnutls_pcert_list_import_x509_raw(certificate->chain, &length, &certificates, GNUTLS_X509_FMT_PEM, 0) < 0)
    return false;
  certificate->chain_length = length;
  return gnutls_privkey_import_x509_raw(certificate->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0;
}

bool authd_certificate_use(const authd_tls *tls) {
  struct certificate *certificate = calloc(1, sizeof *certificate);
  if (certificate == NULL || gnutls_privkey_init(&certificate->key) < 0) {
    free(certificate);
    return false;
  }
  if (!import(certificate, tls)) {
    release(certificate);
    return false;
  }
  certificate->previous = atomic_load(&current);
  atomic_store(&current, certificate);
  return true;
}

int authd_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                               const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                               unsigned *chain_length, gnutls_privkey_t *key) {
  struct certificate *certificate = atomic_load(&current);
  (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
  *chain = certificate->chain;
  *chain_length = certificate->chain_length;
  *key = certificate->key;
  return 0;
}

void authd_certificate_clean_up(void) {
  struct certificate *certificate = atomic_exchange(&current, NULL);
  while (certificate != NULL) {
    struct certificate *previous = certificate->previous;
    release(certificate);
    certificate = previous;
  }
}
