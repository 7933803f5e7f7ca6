/* The log line of each request; see access_log.h. */
#include "authapi/access_log.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "authapi/management.h"
#include "authapi/messages.h"
#include "base/dates.h"

#define METHOD_MAX 20 /* characters; no method is that long */

/* The printable parts of a line. Their lengths are bounded, so that they fit in one line together with a problem of 512
 * bytes. */
struct line {
  char date[IAUTH__DATE_SIZE];
  const char *method, *path;
  const char *origin; /* NULL if there was none */
  const char *client; /* NULL if it is not known */
};

static struct line line_of(int64_t now_s, const authapi_request *request) {
  struct line line;
  iauth__write_date(now_s, line.date);
  size_t letters = strspn(request->method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  bool plain = letters <= METHOD_MAX && request->method[letters] == '\0';
  bool known = authapi_path_known(request->path) || authapi_management_path_known(request->path);
  line.client = request->client;
  line.method = plain ? request->method : "(method)";
  line.path = known ? request->path : "(unknown path)";
  line.origin = authapi_origin_logged(request->header(request->header_state, "Origin"));
  return line;
}

static const char *or_dash(const char *text) { return text != NULL && text[0] != '\0' ? text : "-"; }

static size_t write_text(const struct line *line, const authapi_response *response, double duration_ms,
                         char text[AUTHAPI_LOG_LINE_MAX]) {
  long hundredths = (long)(duration_ms * 100 + 0.5); /* two integers are faster to print than a floating-point number */
  int len = snprintf(text, AUTHAPI_LOG_LINE_MAX, "%s %s %s %d origin=%s key=%s reason=%s %ld.%02ld ms%s%s%s%s\n",
                     line->date, line->method, line->path, response->status, or_dash(line->origin),
                     or_dash(response->key_id), or_dash(response->reason), hundredths / 100, hundredths % 100,
                     line->client != NULL ? " client=" : "", line->client != NULL ? line->client : "",
                     response->token_id[0] != '\0' ? " token=" : "", response->token_id);
  if (response->problem[0] != '\0')
    len += snprintf(text + len, AUTHAPI_LOG_LINE_MAX - (size_t)len, "%s problem: %s\n", line->date, response->problem);
  return (size_t)len;
}

static size_t write_json(const struct line *line, const authapi_response *response, double duration_ms,
                         char text[AUTHAPI_LOG_LINE_MAX]) {
  cJSON *json = cJSON_CreateObject();
  authapi_add_text(json, "time", line->date);
  authapi_add_text(json, "method", line->method);
  authapi_add_text(json, "path", line->path);
  cJSON_AddNumberToObject(json, "status", response->status);
  authapi_add_text(json, "client", line->client);
  authapi_add_text(json, "origin", line->origin);
  authapi_add_text(json, "key", response->key_id);
  authapi_add_text(json, "token", response->token_id);
  authapi_add_text(json, "reason", response->reason);
  authapi_add_text(json, "problem", response->problem);
  cJSON_AddNumberToObject(json, "duration_ms", (double)(long)(duration_ms * 100) / 100);
  size_t len = 0;
  if (cJSON_PrintPreallocated(json, text, AUTHAPI_LOG_LINE_MAX - 1, false)) {
    len = strlen(text);
    text[len++] = '\n';
  }
  cJSON_Delete(json);
  return len;
}

size_t authapi_access_log_line(bool json, int64_t now_s, const authapi_request *request,
                               const authapi_response *response, double duration_ms, char text[AUTHAPI_LOG_LINE_MAX]) {
  struct line line = line_of(now_s, request);
  return (json ? write_json : write_text)(&line, response, duration_ms, text);
}
