/* What a server says in its refusal, made fit to be shown. */
#ifndef IAUTH_MESSAGE_H
#define IAUTH_MESSAGE_H

#include "core/iauth.h"

#define IAUTH__SECRET_MIN 8 /* characters; replacing shorter credentials would only garble words */

typedef struct iauth__message {
  struct iauth__message *next; /* for the owner's lists */
  char text[IAUTH_MESSAGE_MAX + 1];
} iauth__message;

/* Makes a message of `text`, to be released, or returns NULL: there is nothing to show, it is HTML, or there is no memory.
 * First each of `secrets` (NULL at the end) that has IAUTH__SECRET_MIN characters becomes "***", also percent-encoded or
 * with backslashes; then what is not printable becomes a space, and what is beyond IAUTH_MESSAGE_MAX bytes is cut off.
 * `text` may be NULL. */
iauth__message *iauth__message_new(const iauth_host *host, const char *text, const char *const *secrets);

#endif
