/* Host names in other letters than ASCII, by libidn2. */
#ifndef AUTHD_IDNA_H
#define AUTHD_IDNA_H

/* As authapi_to_ascii (authapi/keys/domains.h). */
char *authd_to_ascii(const char *host);

#endif
