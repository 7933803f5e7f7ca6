/* Values of the command line in messages. */
#ifndef IAUTH_BASE_SHOWN_H
#define IAUTH_BASE_SHOWN_H

/* What a message prints for a value of the command line: the value itself, or, if it has the form of a generated
 * credential, words in its place. People give a secret where the name of its file belongs, and messages end up in logs.
 * The result is valid as long as `value`. */
const char *iauth__shown(const char *value);

#endif
