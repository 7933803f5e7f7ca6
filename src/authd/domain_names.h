/* Converts host names with other characters than ASCII, with libidn2. */
#ifndef AUTHD_IDNA_H
#define AUTHD_IDNA_H

/* See authapi_to_ascii (authapi/keys/domains.h). */
char *authd_to_ascii(const char *host);

#endif
