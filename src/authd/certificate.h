/* The certificate that is shown when somebody connects by https. It may be changed while serving:
 * who connects from then on is shown the new one, who is connected stays so. */
#ifndef AUTHD_CERTIFICATE_H
#define AUTHD_CERTIFICATE_H

#include <gnutls/abstract.h>

#include "authd/tls.h"

/* Shows this one from now on. *tls may be released then. False if GnuTLS does not take it; then the
 * one before is shown on. GnuTLS hands its callback nothing of ours, so it is one for the process.
 * Call it from one thread at a time. */
bool authd_certificate_show(const authd_tls *tls);

/* What MHD_OPTION_HTTPS_CERT_CALLBACK wants. */
int authd_certificate_retrieve(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                               const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                               unsigned *chain_length, gnutls_privkey_t *key);

/* Releases all of them, once nobody is served any more. */
void authd_certificate_clean_up(void);

#endif
