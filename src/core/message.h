/* The message in a server's refusal, made safe to show. */
#ifndef IAUTH_MESSAGE_H
#define IAUTH_MESSAGE_H

#include "core/iauth.h"

#define IAUTH__SECRET_MIN 8 /* characters; a shorter credential is not replaced, because it may be part of a word */

typedef struct iauth__message {
  struct iauth__message *next; /* for the owner's lists */
  char text[IAUTH_MESSAGE_MAX + 1];
} iauth__message;

/* Makes a message from `text`, which may be NULL. Each of `secrets` (NULL at the end) with at least IAUTH__SECRET_MIN
 * characters becomes "***", even if it is percent-encoded or has backslashes. Characters that are not printable become
 * spaces. The text is cut off at IAUTH_MESSAGE_MAX bytes. Returns NULL if nothing is left to show, if the text is HTML,
 * or if there is no memory. The caller releases the message. */
iauth__message *iauth__message_new(const iauth_host *host, const char *text, const char *const *secrets);

#endif
