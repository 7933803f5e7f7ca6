/* Lines that several threads write to one place. One that comes after a pause is written at once;
 * those that follow it closely are gathered for a millisecond, and a thread of its own writes them
 * together. Where each request is a line, one write for each would be the dearest part of it. */
#ifndef AUTHD_LINES_H
#define AUTHD_LINES_H

#include <stddef.h>
#include <stdio.h>

typedef struct authd_lines authd_lines;

/* `to` is borrowed. NULL without memory or a thread. Release it with authd_lines_free when nobody
 * uses it any more: what was put is written then. NULL is fine there. */
authd_lines *authd_lines_new(FILE *to);
void authd_lines_free(authd_lines *lines);

/* Writes `len` bytes, or has them written. Waits for the place that they go to only where 64 KB are
 * waiting. */
void authd_lines_put(authd_lines *lines, const char *text, size_t len);

#endif
