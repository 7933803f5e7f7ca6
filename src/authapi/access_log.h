/* The access log: one line for each request. */
#ifndef AUTHAPI_ACCESS_LOG_H
#define AUTHAPI_ACCESS_LOG_H

#include "authapi/endpoints.h"

#define AUTHAPI_LOG_LINE_MAX 4096

/* Writes the line of a request into `text`, or two lines, and returns their length. It contains the request, the
 * response, the time `now_s` (Unix seconds) and the duration `duration_ms`. With `json`, each line is a JSON object for
 * programs; else it is text for people. It contains no credential: keys appear by their IDs, and paths have no query.
 * It contains nothing that a terminal would act on. Returns 0 if there is no memory. */
size_t authapi_access_log_line(bool json, int64_t now_s, const authapi_request *request,
                               const authapi_response *response, double duration_ms, char text[AUTHAPI_LOG_LINE_MAX]);

#endif
