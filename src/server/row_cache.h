/* Rows of a store that were read before, so that a request need not look them up again. Pure but
 * for memory, which is bounded; wiped before it is given back.
 *
 * It knows nothing of changes: who owns it forgets all as soon as the store has changed. Only rows
 * that there are may be kept, so that a stranger's guesses take nobody's place. */
#ifndef AUTHD_ROW_CACHE_H
#define AUTHD_ROW_CACHE_H

#include "server/store.h"

typedef struct authd_row_cache authd_row_cache;

/* By what a row was looked up. */
typedef enum {
  AUTHD_BY_API_KEY,
  AUTHD_BY_ID,
  AUTHD_BY_SECRET = 16 + AUTHD_SECRET,
  AUTHD_BY_DOMAIN_KEY = 16 + AUTHD_DOMAIN_KEY
} authd_row_by;

/* NULL without memory. Release it with authd_row_cache_free; NULL is fine there. */
authd_row_cache *authd_row_cache_new(void);
void authd_row_cache_free(authd_row_cache *cache);

/* Nothing is kept afterwards. */
void authd_row_cache_forget(authd_row_cache *cache);

/* Fills *out if the row for `text` is kept. */
bool authd_row_cache_api_key(const authd_row_cache *cache, const char *text, authd_api_key *out);
bool authd_row_cache_credential(const authd_row_cache *cache, authd_row_by by, const char *text,
                                authd_credential *out);

/* Keeps a copy of the row that was found for `text`, perhaps in place of another. Without memory it
 * does not. */
void authd_row_cache_keep_api_key(authd_row_cache *cache, const char *text,
                                  const authd_api_key *row);
void authd_row_cache_keep_credential(authd_row_cache *cache, authd_row_by by, const char *text,
                                     const authd_credential *row);

#endif
