/* The current certificate; see certificate.h. Previous certificates are kept until the end: a handshake may still use
 * one, and they are small and few. */
#include "authd/certificate.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX 16 /* certificates; a real chain has far fewer */

struct shown {
  struct shown *before;
  gnutls_pcert_st chain[CHAIN_MAX];
  unsigned chain_length;
  gnutls_privkey_t key;
};

static _Atomic(struct shown *) current;

static gnutls_datum_t datum(const char *text) {
  return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static void release(struct shown *shown) {
  for (unsigned i = 0; i < shown->chain_length; i++)
    gnutls_pcert_deinit(&shown->chain[i]);
  gnutls_privkey_deinit(shown->key); /* GnuTLS wipes the key */
  free(shown);
}

static bool import(struct shown *shown, const authd_tls *tls) {
  const gnutls_datum_t certificates = datum(tls->certificates), key = datum(tls->key);
  unsigned length = CHAIN_MAX;
  if (gnutls_pcert_list_import_x509_raw(shown->chain, &length, &certificates, GNUTLS_X509_FMT_PEM, 0) < 0)
    return false;
  shown->chain_length = length;
  return gnutls_privkey_import_x509_raw(shown->key, &key, GNUTLS_X509_FMT_PEM, NULL, 0) >= 0;
}

bool authd_certificate_show(const authd_tls *tls) {
  struct shown *shown = calloc(1, sizeof *shown);
  if (shown == NULL || gnutls_privkey_init(&shown->key) < 0) {
    free(shown);
    return false;
  }
  if (!import(shown, tls)) {
    release(shown);
    return false;
  }
  shown->before = atomic_load(&current);
  atomic_store(&current, shown);
  return true;
}

int authd_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                               const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                               unsigned *chain_length, gnutls_privkey_t *key) {
  struct shown *shown = atomic_load(&current);
  (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
  *chain = shown->chain;
  *chain_length = shown->chain_length;
  *key = shown->key;
  return 0;
}

void authd_certificate_clean_up(void) {
  struct shown *shown = atomic_exchange(&current, NULL);
  while (shown != NULL) {
    struct shown *before = shown->before;
    release(shown);
    shown = before;
  }
}
