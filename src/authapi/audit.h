/* The audit log: which key was granted or refused a token, and who changed which key. Each event is a JSON object. Keys
 * appear by their IDs; no credential appears. Pure: the host writes the lines.
 *
 * If an event cannot be written, requests still work: otherwise a full disk would shut everybody out. The event is
 * counted, and /healthz reports it. The first line that can be written again contains the number of missing events.
 * Anybody can send requests without a known key or the admin token, so only a limited number of them is written per second. The others are
 * counted: otherwise a stranger could fill the disk. */
#ifndef AUTHAPI_AUDIT_H
#define AUTHAPI_AUDIT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define AUTHAPI_UNKNOWN_CALLERS_PER_SECOND 10 /* lines per second for requests of unknown callers, in each log */

typedef struct {
  /* Writes a line; `line` ends in a line feed. False on failure. */
  bool (*write)(void *state, const char *line);
  void *state;
  int64_t missing; /* events that were lost since the last one that was written */
  /* Refusals of unknown callers: the current second, their number in it, and how many were left out. */
  int64_t unknown_callers_at_s, unknown_callers, left_out;
} authapi_audit;

typedef struct {
  int64_t time_s;
  const char *event; /* "token grant", or the words of a command: "secret rotate" */
  const char *by;    /* "client", "admin" (with the admin token), "unknown" (without it) or "command" */
  const char *user;  /* the account that ran a command, else NULL */
  int status;        /* of the HTTP response, 0 if there is none */
  bool known_caller; /* the request had a known API key or the admin token: its line is never left out */
  /* Each may be NULL or "". `client` is an IP address, `key` an ID, `token` a jti. */
  const char *client, *key, *token, *origin, *reason;
  const cJSON *changed; /* the new values of a changed key, from authapi_audit_pick, or NULL */
} authapi_audit_event;

/* Copies the fields of a changed key that are logged. `described` is its description (describe.h). The copy contains no
 * credential. The caller deletes it. */
cJSON *authapi_audit_pick(const cJSON *described);

/* Writes an event. Does nothing if `audit` is NULL. */
void authapi_audit_write(authapi_audit *audit, const authapi_audit_event *event);

#endif
