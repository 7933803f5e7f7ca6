/* The parts of an absolute URL that base URLs and origins have: scheme, host and port. These functions only split the
 * text; the caller decides which hosts and ports are allowed. Pure. */
#ifndef IAUTH_URL_H
#define IAUTH_URL_H

#include <stdbool.h>
#include <stddef.h>

/* A part of a text. It does not end in NUL. */
typedef struct {
  const char *start;
  size_t len;
} iauth__slice;

typedef struct {
  bool https;        /* true: https; false: http */
  iauth__slice host; /* letters, digits, '-', '_' and '.'; or an IPv6 address with its brackets */
  iauth__slice port; /* digits, may be empty; `start` is NULL if there is no colon */
  iauth__slice rest; /* what follows */
} iauth__url;

/* Reads scheme://host[:port]. The scheme is http or https in upper or lower case. False if there is no scheme or no
 * host. */
bool iauth__url_read(iauth__slice text, iauth__url *out);

/* Reads host[:port] and leaves `https` unchanged. False if there is no host. */
bool iauth__url_read_host(iauth__slice text, iauth__url *out);

/* The port as a number from 1 to 65535, or -1 if it is not one. Leading zeros are ignored. */
long iauth__url_port(iauth__slice digits);

/* Reads an IPv4 address as browsers write it: four decimal numbers up to 255 without leading zeros. Browsers read a
 * number with a leading zero as octal. */
bool iauth__url_ipv4(iauth__slice host, unsigned char address[4]);

/* True if both are equal; upper and lower case do not matter. */
bool iauth__slice_equal(iauth__slice one, iauth__slice other);

/* Removes `prefix` from the beginning; upper and lower case do not matter. False if `text` does not begin with it. */
bool iauth__slice_skip(iauth__slice *text, const char *prefix);

#endif
