/* The audit log; see audit.h. */
#include "authapi/audit.h"

#include <stdlib.h>
#include <string.h>

#include "authapi/messages.h"
#include "base/dates.h"

/* The fields of a key that are logged when it changes. All other fields stay out of the log. */
static const char *const logged[] = {
    "apiKeyId", "name", "domains", "expires", "replaces", "replacedExpires", "signsFrom",
};

cJSON *authapi_audit_pick(const cJSON *described) {
  cJSON *picked = cJSON_CreateObject();
  for (size_t i = 0; i < sizeof logged / sizeof *logged; i++) {
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(described, logged[i]);
    if (field != NULL)
      cJSON_AddItemToObject(picked, logged[i], cJSON_Duplicate(field, true));
  }
  return picked;
}

static cJSON *begin(int64_t time_s, const char *event) {
  char date[IAUTH__DATE_SIZE];
  cJSON *json = cJSON_CreateObject();
  iauth__write_date(time_s, date);
  cJSON_AddStringToObject(json, "time", date);
  cJSON_AddStringToObject(json, "event", event);
  return json;
}

static const char *outcome(int status) { return status < 400 ? "done" : status < 500 ? "refused" : "failed"; }

static cJSON *describe(const authapi_audit_event *event) {
  cJSON *json = begin(event->time_s, event->event);
  cJSON_AddStringToObject(json, "outcome", outcome(event->status));
  authapi_add_text(json, "by", event->by);
  authapi_add_text(json, "user", event->user);
  if (event->status != 0)
    cJSON_AddNumberToObject(json, "status", event->status);
  authapi_add_text(json, "client", event->client);
  authapi_add_text(json, "origin", event->origin);
  authapi_add_text(json, "key", event->key);
  authapi_add_text(json, "token", event->token);
  authapi_add_text(json, "reason", event->reason);
  const cJSON *field;
  cJSON_ArrayForEach(field, event->changed) cJSON_AddItemToObject(json, field->string, cJSON_Duplicate(field, true));
  return json;
}

/* Takes ownership of `json`. */
static bool write_line(const authapi_audit *audit, cJSON *json) {
  char *text = cJSON_PrintUnformatted(json);
  size_t len = text != NULL ? strlen(text) : 0;
  char *line = text != NULL ? malloc(len + 2) : NULL;
  bool written = false;
  if (line != NULL) {
    memcpy(line, text, len);
    memcpy(line + len, "\n", 2);
    written = audit->write(audit->state, line);
  }
  free(line);
  cJSON_free(text);
  cJSON_Delete(json);
  return written;
}

static bool write_gap(const authapi_audit *audit, int64_t time_s) {
  cJSON *json = begin(time_s, "audit gap");
  cJSON_AddNumberToObject(json, "missing", (double)audit->missing);
  return write_line(audit, json);
}

static bool write_left_out(const authapi_audit *audit, int64_t time_s) {
  cJSON *json = begin(time_s, "refusals left out");
  cJSON_AddNumberToObject(json, "count", (double)audit->left_out);
  return write_line(audit, json);
}

/* True if this is a refusal of an unknown caller, and over the limit of this second. Such a refusal is counted. */
static bool is_left_out(authapi_audit *audit, const authapi_audit_event *event) {
  if (event->status < 400 || event->known_caller)
    return false;
  if (audit->unknown_callers_at_s != event->time_s) {
    audit->unknown_callers_at_s = event->time_s;
    audit->unknown_callers = 0;
  }
  if (audit->unknown_callers++ < AUTHAPI_UNKNOWN_CALLERS_PER_SECOND)
    return false;
  audit->left_out++;
  return true;
}

void authapi_audit_write(authapi_audit *audit, const authapi_audit_event *event) {
  if (audit == NULL || is_left_out(audit, event))
    return;
  if (audit->left_out > 0 && write_left_out(audit, event->time_s))
    audit->left_out = 0;
  if (audit->missing > 0 && write_gap(audit, event->time_s))
    audit->missing = 0;
  if (audit->missing > 0 || !write_line(audit, describe(event)))
    audit->missing++;
}
