/* Lines that several threads write to one place. Whoever comes while another one writes leaves its
 * line there and goes on; the one that writes takes all of them along. So each line is written at
 * once, nobody waits for a write but the one that makes it, and under load one write has many. */
#ifndef AUTHD_LINES_H
#define AUTHD_LINES_H

#include <stddef.h>
#include <stdio.h>

typedef struct authd_lines authd_lines;

/* `to` is borrowed. NULL without memory. Release it with authd_lines_free when no thread uses it
 * any more; NULL is fine there. */
authd_lines *authd_lines_new(FILE *to);
void authd_lines_free(authd_lines *lines);

/* Writes `len` bytes, or has them written. Waits only where 64 KB are waiting. */
void authd_lines_put(authd_lines *lines, const char *text, size_t len);

#endif
