/* Gets a token in a blocking call and on an event loop, and prints both with a product's URL.
 */
#include <curl/curl.h>
#include <inbenta_auth.h>
#include <stdio.h>

/* The library contains cJSON. It must not conflict with the program's own cJSON. */
int cJSON_Parse(void);
int cJSON_Parse(void) { return 0; }

static int answers;

static void on_answer(void *user, const inbenta_auth_token *token, const inbenta_auth_failure *failure) {
  (void)user;
  answers++;
  puts(token != NULL ? token->access_token : inbenta_auth_error_code(failure->error));
}

static void turn(const inbenta_auth_options *options) {
  CURLM *multi = curl_multi_init();
  inbenta_auth_loop *loop;
  int running, left;
  if (inbenta_auth_loop_new(options, multi, &loop) == INBENTA_AUTH_OK) {
    uint32_t second;
    inbenta_auth_loop_get(loop, NULL, on_answer, NULL, NULL);
    inbenta_auth_loop_get(loop, NULL, on_answer, NULL, &second);
    inbenta_auth_loop_cancel(loop, second);
    for (;;) {
      int64_t delay_ms = inbenta_auth_loop_run(loop);
      if (answers == 2)
        break; /* without waiting for the next refresh */
      curl_multi_poll(multi, NULL, 0, delay_ms < 0 ? 1000 : (int)delay_ms, NULL);
      curl_multi_perform(multi, &running);
      for (const CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;)
        inbenta_auth_loop_done(loop, message);
    }
    inbenta_auth_loop_free(loop);
  }
  curl_multi_cleanup(multi);
}

int main(int argc, char **argv) {
  inbenta_auth *client;
  inbenta_auth_token token;
  inbenta_auth_options options = {.api_key = "key", .secret = "secret"};
  if (argc != 2)
    return 2;
  options.endpoint = argv[1];
  if (inbenta_auth_new(&options, &client) != INBENTA_AUTH_OK)
    return 1;
  inbenta_auth_error error = inbenta_auth_get(client, NULL, &token, NULL);
  puts(error == INBENTA_AUTH_OK ? token.access_token : inbenta_auth_error_code(error));
  if (error == INBENTA_AUTH_OK)
    puts(inbenta_auth_token_api(&token, "chatbot"));
  inbenta_auth_token_clean_up(&token);
  inbenta_auth_free(client);
  turn(&options);
  return 0;
}
