/* Writes the times when keys were last used to the store, at intervals. It has its own thread and its own connection,
 * so that no request waits while another program holds the database's lock. */
#ifndef AUTHD_LAST_USED_WRITER_H
#define AUTHD_LAST_USED_WRITER_H

#include "authapi/last_used.h"
#include "authd/http.h"

typedef struct authd_last_used_writer authd_last_used_writer;

/* Writes every `pause_ms`. Everything is borrowed until authd_last_used_writer_stop. Only this thread may use `store`.
 * NULL if there is no memory or no thread. */
authd_last_used_writer *authd_last_used_writer_start(authd_http *http, authapi_last_used *last_used,
                                                     const authapi_store *store, int pause_ms);

/* Waits for a running write, then frees. Call it before authd_http_stop. `writer` may be NULL. */
void authd_last_used_writer_stop(authd_last_used_writer *writer);

/* Writes all recorded uses. Call it after the server has stopped. */
void authd_last_used_write_all(authapi_last_used *last_used, const authapi_store *store);

#endif
