/* One line for each request. */
#ifndef AUTHAPI_ACCESS_LOG_H
#define AUTHAPI_ACCESS_LOG_H

#include <stdio.h>

#include "authapi/endpoints.h"

typedef struct {
  FILE *to;
  bool json; /* one object a line, for programs; else text, for people */
} authapi_log;

#define AUTHAPI_LOG_LINE_MAX 4096

/* Writes the line, or two, into `text`, and returns the length: what was asked and answered. No
 * credential is in it: keys are told by their id, and paths have no query. Nor is anything that a
 * terminal would act on. 0 without memory. */
size_t authapi_access_log_line(bool json, const authapi_request *request, const authapi_response *response,
                               double took_ms, char text[AUTHAPI_LOG_LINE_MAX]);

#endif
