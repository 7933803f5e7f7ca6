/* One line for each request. */
#ifndef AUTHAPI_ACCESS_LOG_H
#define AUTHAPI_ACCESS_LOG_H

#include "authapi/endpoints.h"

#define AUTHAPI_LOG_LINE_MAX 4096

/* Writes the line, or two, into `text`, and returns the length: what was asked and answered, at
 * `now_s` (Unix seconds), in `took_ms`. With `json` it is one JSON object a line, for programs; else
 * text, for people. No credential is in it: keys appear by their id, and paths have no query. Nor is
 * anything that a terminal would act on. 0 without memory. */
size_t authapi_access_log_line(bool json, int64_t now_s, const authapi_request *request,
                               const authapi_response *response, double took_ms, char text[AUTHAPI_LOG_LINE_MAX]);

#endif
