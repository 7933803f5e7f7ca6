/* The certificate for https connections. It can be replaced while the server runs: new connections get the new
 * certificate, open connections keep the old one. */
#ifndef AUTHD_CERTIFICATE_H
#define AUTHD_CERTIFICATE_H

#include <gnutls/abstract.h>

#include "authd/tls.h"

/* Uses this certificate from now on. *tls may be released after the call. If GnuTLS rejects it, returns false and the
 * previous one stays. There is one certificate per process, because GnuTLS passes no state to its callback. Call this
 * from one thread at a time. */
bool authd_certificate_use(const authd_tls *tls);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK. */
int authd_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                               const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                               unsigned *chain_length, gnutls_privkey_t *key);

/* Releases all certificates. Call it after the server has stopped. */
void authd_certificate_clean_up(void);

#endif
