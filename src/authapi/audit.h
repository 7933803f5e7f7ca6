/* The audit log: who was granted or refused a token, and who changed which key. Each event is a
 * JSON object; keys stand in it by their IDs, and no credential does. Pure: the host writes the
 * lines.
 *
 * An event that cannot be written stops nothing: a full disk would else shut everybody out. It is
 * counted, /healthz reports it, and once lines can be written again the first one says how many are
 * missing. Of requests without a known key, which anybody may send, only so many are written in a
 * second, and the others counted: else a stranger could fill the disk. */
#ifndef AUTHAPI_AUDIT_H
#define AUTHAPI_AUDIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define AUTHAPI_STRANGERS_A_SECOND 10 /* lines of requests without a known key, in each log */

typedef struct {
  /* Writes a line; `line` ends in a line end. False if that failed. */
  bool (*write)(void *state, const char *line);
  void *state;
  int64_t missing; /* events that could not be written since the last one that could */
  /* Refusals without a key: so many in this second, and how many of them were left out. */
  int64_t strangers_s, strangers, left_out;
} authapi_audit;

typedef struct {
  int64_t when_s;
  const char *event; /* "token grant", or the words of a command: "secret rotate" */
  const char *by;    /* "client", "admin" (over HTTP) or "command" */
  const char *user;  /* a command's account, else NULL */
  int status;        /* of the HTTP answer, 0 if there is none */
  /* Each may be NULL or "". `client` is an address, `key` an ID, `token` a jti. */
  const char *client, *key, *token, *origin, *reason;
  const cJSON *changed; /* what became of a key, by authapi_audit_pick, or NULL */
} authapi_audit_event;

/* A copy of what is logged of a key that was changed, out of its description (describe.h), and of no
 * credential in it. The caller deletes it. */
cJSON *authapi_audit_pick(const cJSON *described);

/* Writes an event; NULL writes nothing. */
void authapi_audit_write(authapi_audit *audit, const authapi_audit_event *event);

#endif
