/* When each credential was last used: noted in memory and written to the store now and then, so that
 * no request waits for a write. A crash loses the last minute; a write that fails is tried again with
 * the next one. Pure but for memory; a host that writes in another thread keeps it apart from the
 * handlers. */
#ifndef AUTHAPI_LAST_USED_H
#define AUTHAPI_LAST_USED_H

#include "authapi/store/store.h"

#define AUTHAPI_LAST_USED_PAUSE_S 60 /* between two writes of a host */

typedef struct authapi_last_used authapi_last_used;

/* NULL without memory. Release it with authapi_last_used_free; NULL is fine there. */
authapi_last_used *authapi_last_used_new(void);
void authapi_last_used_free(authapi_last_used *last_used);

/* Notes that a credential is used at `now_s` (Unix seconds); without memory this is forgotten. NULL
 * notes nothing. */
void authapi_last_used_note(authapi_last_used *last_used, const authapi_credential *credential, int64_t now_s);

/* When a credential or API key was last used, if that is not in the store yet; 0 if nothing is noted.
 * NULL is fine. */
int64_t authapi_last_used_get(const authapi_last_used *last_used, const char *id);

/* Copies some of what was noted up to `until_s`, for store->note_last_used. Returns how many; fewer
 * than AUTHAPI_LAST_USED_MAX are all. */
size_t authapi_last_used_copy(const authapi_last_used *last_used, int64_t until_s,
                              authapi_last_use copies[AUTHAPI_LAST_USED_MAX]);

/* Forgets what is in the store now, unless it was used again in the meantime. */
void authapi_last_used_forget(authapi_last_used *last_used, const authapi_last_use *written, size_t count);

#endif
