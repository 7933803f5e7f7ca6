/* Host names in other letters than ASCII, brought to what browsers send: one file for each host,
 * libidn2 natively (idna_libidn2.c), Node's own conversion under wasm (src/emulator/). */
#ifndef AUTHD_IDNA_H
#define AUTHD_IDNA_H

/* A host name in UTF-8 as non-transitional punycode (UTS #46). The caller frees it; NULL for what
 * no browser would take, or without memory. */
char *authd_idna_to_ascii(const char *host);

#endif
