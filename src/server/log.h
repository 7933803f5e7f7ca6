/* One line for each request. */
#ifndef AUTHD_LOG_H
#define AUTHD_LOG_H

#include <stdio.h>

#include "server/api.h"

typedef struct {
  FILE *to;
  bool json; /* one object a line, for programs; else text, for people */
} authd_log;

/* Writes what was asked and answered, and flushes. No credential is in it: keys are told by their
 * id, and paths have no query. Nor is anything that a terminal would act on. */
void authd_log_request(const authd_log *log, const authd_request *request,
                       const authd_response *response, double took_ms);

#endif
