/* threads ask|mix|dispose ENDPOINT: 64 threads use one client at once. Prints a line of JSON:
 * {"tokens": calls with a token, "kinds": number of different tokens, "failed": calls without a token}.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inbenta_auth.h"

#define THREADS 64

static inbenta_auth *client;
static pthread_barrier_t start;
static int rounds = 1;
static bool mixes;

static pthread_mutex_t results = PTHREAD_MUTEX_INITIALIZER;
static int tokens, kinds, failed;
static char seen[1024][64];

static void count(inbenta_auth_error error, const inbenta_auth_token *token) {
  pthread_mutex_lock(&results);
  if (error != INBENTA_AUTH_OK) {
    failed++;
  } else {
    int i = 0;
    tokens++;
    while (i < kinds && strcmp(seen[i], token->access_token) != 0)
      i++;
    if (i == kinds && kinds < 1024)
      snprintf(seen[kinds++], sizeof *seen, "%s", token->access_token);
  }
  pthread_mutex_unlock(&results);
}

static void *ask(void *user) {
  const int number = *(const int *)user;
  pthread_barrier_wait(&start);
  for (int round = 0; round < rounds; round++) {
    inbenta_auth_token token;
    inbenta_auth_failure failure;
    const inbenta_auth_get_options options = {.force_refresh = mixes && (number + round) % 16 == 0};
    count(inbenta_auth_get(client, &options, &token, &failure), &token);
    if (mixes && token.access_token != NULL && (number + round) % 8 == 0)
      inbenta_auth_invalidate(client, token.access_token);
    inbenta_auth_token_clean_up(&token);
  }
  return NULL;
}

int main(int argc, char **argv) {
  pthread_t threads[THREADS];
  int numbers[THREADS];
  if (argc != 3)
    return 2;
  const inbenta_auth_options options = {.api_key = "key", .secret = "secret", .endpoint = argv[2], .timeout_ms = 5000};
  if (inbenta_auth_new(&options, &client) != INBENTA_AUTH_OK)
    return 1;
  mixes = strcmp(argv[1], "mix") == 0;
  rounds = mixes ? 5 : 1; /* at most one request a second */
  pthread_barrier_init(&start, NULL, THREADS + 1);
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    if (pthread_create(&threads[i], NULL, ask, &numbers[i]) != 0)
      return 1;
  }
  pthread_barrier_wait(&start);
  if (strcmp(argv[1], "dispose") == 0) {
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL); /* all of them wait by now */
    inbenta_auth_free(client);
    client = NULL;
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  inbenta_auth_free(client);
  pthread_barrier_destroy(&start);
  printf("{\"tokens\": %d, \"kinds\": %d, \"failed\": %d}\n", tokens, kinds, failed);
  return 0;
}
