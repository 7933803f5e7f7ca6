/* Writes to the store when keys were last used: now and then, in a thread of its own and on a
 * connection of its own, so that no request waits while another program holds the database's lock. */
#ifndef AUTHD_LAST_USED_WRITER_H
#define AUTHD_LAST_USED_WRITER_H

#include "authapi/last_used.h"
#include "authd/http.h"

typedef struct authd_last_used_writer authd_last_used_writer;

/* Writes every `pause_ms`. Everything is borrowed until authd_last_used_writer_stop; only this
 * thread may use `store`. NULL without memory or a thread. */
authd_last_used_writer *authd_last_used_writer_start(authd_http *http, authapi_last_used *last_used,
                                                     const authapi_store *store, int pause_ms);

/* Waits for a write that has begun, and frees. Call it before authd_http_stop. NULL is fine. */
void authd_last_used_writer_stop(authd_last_used_writer *writer);

/* Writes all that is noted now, once nobody serves any more. */
void authd_last_used_write_rest(authapi_last_used *last_used, const authapi_store *store);

#endif
