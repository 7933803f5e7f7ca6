/* Which credentials were used, and when: kept in memory and written to the store now and then, so
 * that no request waits for a write. What is lost with a crash is the last minute's; a write that
 * fails is tried again with the next one. Pure but for memory. */
#ifndef AUTHD_USES_H
#define AUTHD_USES_H

#include "server/store.h"

#define AUTHD_USES_WAIT_S 60 /* between two times that a host writes them */

typedef struct authd_uses authd_uses;

/* NULL without memory. Release it with authd_uses_free; NULL is fine there. */
authd_uses *authd_uses_new(void);
void authd_uses_free(authd_uses *uses);

/* Notes a use; without memory it is forgotten. NULL notes nothing. */
void authd_uses_note(authd_uses *uses, const authd_credential *credential, int64_t now_s);

/* The last use of a credential or API key that is not in the store yet, 0 if there is none. NULL is
 * fine. */
int64_t authd_uses_last(const authd_uses *uses, const char *id);

/* Writes some of them to the store, and forgets those. True if there are more to be written. */
bool authd_uses_write(authd_uses *uses, const authd_store *store);

#endif
