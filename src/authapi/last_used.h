/* When each credential was last used. The time is recorded in memory and written to the store later, so that no
 * request waits for a write. A crash loses at most the last minute. A failed write is retried together with the
 * next one. Pure but for memory. A host that writes in another thread must not run the handlers at the same time as
 * these functions. */
#ifndef AUTHAPI_LAST_USED_H
#define AUTHAPI_LAST_USED_H

#include "authapi/store/store.h"

#define AUTHAPI_LAST_USED_PAUSE_S 60 /* seconds between two writes of a host */

typedef struct authapi_last_used authapi_last_used;

/* NULL if there is no memory. Release it with authapi_last_used_free, which accepts NULL. */
authapi_last_used *authapi_last_used_new(void);
void authapi_last_used_free(authapi_last_used *last_used);

/* Records that a credential is used at `now_s` (Unix seconds). If there is no memory, nothing is recorded. `last_used`
 * may be NULL. */
void authapi_last_used_record(authapi_last_used *last_used, const authapi_credential *credential, int64_t now_s);

/* When a credential or API key was last used, if the store does not have that time yet; else 0. `last_used` may be
 * NULL. */
int64_t authapi_last_used_get(const authapi_last_used *last_used, const char *id);

/* Copies recorded uses up to `until_s`, for store->record_last_used. Returns their number. If it is less than
 * AUTHAPI_LAST_USED_MAX, the copy is complete. */
size_t authapi_last_used_copy(const authapi_last_used *last_used, int64_t until_s,
                              authapi_last_use copies[AUTHAPI_LAST_USED_MAX]);

/* Drops uses that are in the store now. A credential that was used again in the meantime stays. */
void authapi_last_used_forget(authapi_last_used *last_used, const authapi_last_use *written, size_t count);

#endif
