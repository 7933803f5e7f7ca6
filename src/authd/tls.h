/* The certificate of the native host, from PEM files. */
#ifndef AUTHD_TLS_H
#define AUTHD_TLS_H

#include <stdbool.h>
#include <stddef.h>

/* The two texts for libmicrohttpd. Both end in NUL. */
typedef struct {
  char *certificates; /* the server's certificate first, then those of its issuers */
  char *key;
} authd_tls;

/* Reads and checks both files: they are PEM, the certificate has not expired, and the key belongs to it. On false,
 * `problem` (of `size` bytes) names the file and the remedy, and nothing needs to be released. Otherwise release *tls
 * with authd_tls_clean_up. */
bool authd_tls_load(authd_tls *tls, const char *certificate_path, const char *key_path, char *problem, size_t size);

/* Wipes the key and frees the texts. *tls may be zeroed. */
void authd_tls_clean_up(authd_tls *tls);

#endif
