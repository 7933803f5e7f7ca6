/* What the HTTP library alone can do: a fixed answer of a grant's size to any request. Prints its
 * port and serves until its standard input ends. The daemon is started as inbenta-authd's is. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static const char body[] =
    "{\"accessToken\":\"eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9."
    "0123456789012345678901234567890123456789"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123"
    "456789\",\"expiration\":1700000000,\"expires_in\":1200,\"apis\":{}}";

static enum MHD_Result answer(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **state) {
  static int started;
  (void)user, (void)url, (void)method, (void)version, (void)data;
  if (*state == NULL || *size > 0) {
    *state = &started;
    *size = 0;
    return MHD_YES;
  }
  struct MHD_Response *response =
      MHD_create_response_from_buffer(sizeof body - 1, (void *)body, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, 200, response);
  MHD_destroy_response(response);
  return result;
}

int main(void) {
  struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL,
                                               NULL, answer, NULL, MHD_OPTION_END);
  if (daemon == NULL)
    return 1;
  printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  while (getchar() != EOF)
    ;
  MHD_stop_daemon(daemon);
  return 0;
}
