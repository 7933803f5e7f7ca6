/* The parts of an absolute URL, as far as base URLs and origins have them: scheme, host and port.
 * Only cuts the text up; which hosts and ports are good is for the caller to say. Pure. */
#ifndef IAUTH_URL_H
#define IAUTH_URL_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text, not ended by NUL. */
typedef struct {
  const char *at;
  size_t len;
} iauth__slice;

typedef struct {
  bool https;        /* else http */
  iauth__slice host; /* letters, digits, '-', '_' and '.', or what stands in brackets, with them */
  iauth__slice port; /* digits, maybe none; `at` is NULL without a colon */
  iauth__slice rest; /* what follows */
} iauth__url;

/* Reads scheme://host[:port], http or https, whatever its case. False without a scheme or host. */
bool iauth__url_read(iauth__slice text, iauth__url *out);

/* Reads host[:port] and leaves `https` as it is. False without a host. */
bool iauth__url_read_host(iauth__slice text, iauth__url *out);

/* The number of a port, 1 to 65535; -1 if it is none. Leading zeros count for nothing. */
long iauth__url_port(iauth__slice digits);

/* Reads an IPv4 address as browsers write it: four decimal numbers up to 255 without leading zeros,
 * which browsers read as octal. */
bool iauth__url_ipv4(iauth__slice host, unsigned char address[4]);

/* Whether both are the same but for the case of letters. */
bool iauth__slice_equal(iauth__slice one, iauth__slice other);

/* Takes `prefix` off the beginning, whatever its case. False if it is not there. */
bool iauth__slice_skip(iauth__slice *text, const char *prefix);

#endif
