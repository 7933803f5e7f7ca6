/* The certificate that the native host shows, out of PEM files. */
#ifndef AUTHD_TLS_H
#define AUTHD_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* What libmicrohttpd is given; both end in NUL. */
typedef struct {
  char *certificates; /* the server's first, then those that vouch for it */
  char *key;
} authd_tls;

/* Reads and checks both files: PEM, not yet expired, and the key is the certificate's. On false
 * `problem` (of `size` bytes) names the file and says what to do, and nothing is to be released.
 * Otherwise release *tls with authd_tls_clean_up. */
bool authd_tls_load(authd_tls *tls, const char *certificate_path, const char *key_path, char *problem, size_t size);

/* Wipes the key and frees. Fine on a zeroed one. */
void authd_tls_clean_up(authd_tls *tls);

#endif
