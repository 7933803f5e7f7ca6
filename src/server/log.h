/* One line for each request. */
#ifndef AUTHD_LOG_H
#define AUTHD_LOG_H

#include <stdio.h>

#include "server/api.h"

typedef struct {
  FILE *to;
  bool json; /* one object a line, for programs; else text, for people */
} authd_log;

#define AUTHD_LOG_LINE_MAX 4096

/* Writes the line, or two, into `text`, and returns the length: what was asked and answered. No
 * credential is in it: keys are told by their id, and paths have no query. Nor is anything that a
 * terminal would act on. 0 without memory. */
size_t authd_log_line(bool json, const authd_request *request, const authd_response *response,
                      double took_ms, char text[AUTHD_LOG_LINE_MAX]);

#endif
