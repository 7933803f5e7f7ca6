/* Which credentials were used, and when: kept in memory and written to the store now and then, so
 * that no request waits for a write. What is lost with a crash is the last minute's; a write that
 * fails is tried again with the next one. Pure but for memory. */
#ifndef AUTHAPI_LAST_USED_H
#define AUTHAPI_LAST_USED_H

#include "authapi/store/store.h"

#define AUTHAPI_USES_WAIT_S 60 /* between two times that a host writes them */

typedef struct authapi_last_used authapi_last_used;

/* NULL without memory. Release it with authapi_last_used_free; NULL is fine there. */
authapi_last_used *authapi_last_used_new(void);
void authapi_last_used_free(authapi_last_used *uses);

/* Notes a use; without memory it is forgotten. NULL notes nothing. */
void authapi_last_used_note(authapi_last_used *uses, const authapi_credential *credential, int64_t now_s);

/* The last use of a credential or API key that is not in the store yet, 0 if there is none. NULL is
 * fine. */
int64_t authapi_last_used_last(const authapi_last_used *uses, const char *id);

/* Writes some of them to the store, and forgets those. True if there are more to be written. */
bool authapi_last_used_write(authapi_last_used *uses, const authapi_store *store);

#endif
