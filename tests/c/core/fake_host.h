/* A host for the core under test: clocks that stand still until they are moved, requests that wait
 * to be completed, memory that can be made to fail, and a record of everything that was told.
 *
 * The world is the caller's storage; world_clean_up frees the client and checks that no memory is
 * left. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "core/iauth.h"

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WAITERS_MAX 256
#define ENDPOINT "https://api.example.com/v1"

typedef struct {
  int count; /* how often it was answered */
  char token[64];
  iauth_failure failure;
  char message[256]; /* of the failure */
} fake_answer;

typedef struct {
  iauth_client *client;
  iauth_host host;
  iauth_time now;     /* move it by world_move */
  int64_t elapsed_ms; /* how far the monotonic clock went forward in all, whatever it went back */
  uint32_t random;

  const iauth_request *request; /* in flight, or NULL */
  int sent, cancelled;
  int sent_kinds[IAUTH_REQUEST_REAUTHORIZE + 1];
  iauth_time sent_at;
  int64_t sent_elapsed_ms;
  iauth_request_kind last_kind;
  iauth_error send_error; /* what the next send returns */

  int64_t armed_ms; /* what was asked of the timer last */
  fake_answer answers[WAITERS_MAX];
  int tokens, errors, expirations, quotas;
  char token[64]; /* of the last token event */
  char apis[256];
  iauth_failure failure; /* of the last error event */
  iauth_quota quota;

  void (*on_answer)(void *world, uint32_t waiter); /* to do something inside the callback */
  void (*on_event)(void *world, iauth_event_kind kind);

  long allocations, live;
  long fail_at; /* the allocation of this number fails, 1 is the first; 0: none */
} world;

/* A world at a fixed time with no client. */
void world_init(world *world);

/* The configuration of a domain-key client that most tests start from. */
iauth_config domain_key_config(void);

/* Makes the client; fails the test if that fails. */
void world_start(world *world, iauth_config config);

void world_clean_up(world *world);

/* Moves the clocks; the client does not notice yet. */
void world_move(world *world, int64_t mono_ms, int64_t wall_ms);

/* Moves both clocks and lets the client run. */
void world_pass(world *world, int64_t ms);

/* Moves both clocks to each moment that the client asked to be woken at, until `ms` have passed. */
void world_live(world *world, int64_t ms);

/* Asks for a token with the default options, and runs. */
void world_get(world *world, uint32_t waiter);
void world_get_with(world *world, uint32_t waiter, iauth_get_options options);

/* An answer with these header lines. Borrows `body`; its headers are good until the next one is
 * made. */
iauth_response fake_response(int status, const char *lines, const char *body);

/* Completes the request in flight and runs. */
void world_respond(world *world, int status, const char *headers, const char *body);
void world_grant(world *world, const char *token, int expires_in_s);
void world_fail(world *world, iauth_error error);

#define JSON_TYPE "Content-Type: application/json\r\n"

#define assert_token(world, waiter, expected)                                                                          \
  do {                                                                                                                 \
    assert_int_equal((world)->answers[waiter].count, 1);                                                               \
    assert_string_equal((world)->answers[waiter].token, expected);                                                     \
  } while (0)

#define assert_failed(world, waiter, expected)                                                                         \
  do {                                                                                                                 \
    assert_int_equal((world)->answers[waiter].count, 1);                                                               \
    assert_string_equal(iauth_error_name((world)->answers[waiter].failure.error),                                      \
                        iauth_error_name(IAUTH_ERR_##expected));                                                       \
  } while (0)

#define assert_waiting(world, waiter) assert_int_equal((world)->answers[waiter].count, 0)

#endif
