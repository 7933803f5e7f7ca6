/* Many virtual clients on a virtual clock, through the same C code as in a page, with an outage of ten minutes that begins
 * while they are in use; beside them the same clients with a plain fixed timer and immediate retry.
 *
 *   iauth_sim [--clients N] [--lifetime S] [--callers idle|sometimes|always] [--curve FILE]
 *
 * A row for each lifetime (160 and 1200 s) and each kind of caller: who asked once and leaves the rest to the background, who
 * asks every 30 to 45 s, and who asks one second after each answer. Prints requests per second before, during and after the
 * outage; --curve writes the last row's as "second ours plain" lines. Exit status 1 if a row is not as promised: in the outage
 * at most 20 times the steady rate in any second, and within two minutes after it everybody who asks gets a token. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/iauth.h"
#include "core/policy.h"

#define OUTAGE_S 600
#define AFTER_S 600
#define LATENCY_MIN_MS 20
#define LATENCY_MAX_MS 200
#define COMEBACK_S 120
#define PEAK_MAX 20
#define MIN_VALIDITY_MS 30000

/* ---------------------------------------------------------------------------------------------------
 * A wheel of events: one list a millisecond. A client has at most a timer, a reply and a caller in it.
 */

#define NONE UINT32_MAX

typedef struct {
  uint32_t next, previous;
  int64_t at_ms; /* -1: not in the wheel */
} event;

typedef struct {
  iauth_host host;
  iauth_client *core;
  uint32_t random;
  uint32_t request_id;
  bool well; /* what its caller, or without one its last event, said */
} client;

typedef enum { IDLE, SOMETIMES, ALWAYS } callers_kind;

static const char *const caller_names[] = {"idle", "sometimes", "always"};

enum { TIMER, REPLY, CALLER, EVENTS }; /* of a client */

static client *clients;
static event *events; /* EVENTS a client */
static uint32_t *slots;
static uint32_t client_count = 100000;
static callers_kind asking;
static int64_t lifetime_s = 160, now_ms, end_ms, outage_start_ms, outage_end_ms;
static double *ours, *plain; /* requests in each second */
static uint32_t unwell;
static int64_t last_unwell_ms;

static void wheel_remove(uint32_t index) {
  event *event = &events[index];
  if (event->at_ms < 0)
    return;
  if (event->previous != NONE)
    events[event->previous].next = event->next;
  else
    slots[event->at_ms] = event->next;
  if (event->next != NONE)
    events[event->next].previous = event->previous;
  event->at_ms = -1;
}

static void wheel_add(uint32_t index, int64_t at_ms) {
  wheel_remove(index);
  if (at_ms >= end_ms)
    return;
  event *event = &events[index];
  uint32_t *slot = &slots[at_ms];
  event->next = *slot;
  event->previous = NONE;
  event->at_ms = at_ms;
  if (*slot != NONE)
    events[*slot].previous = index;
  *slot = index;
}

/* ---------------------------------------------------------------------------------------------------
 * The host of a virtual client. */

static uint32_t random_of(void *user) {
  client *client = user;
  client->random ^= client->random << 13;
  client->random ^= client->random >> 17;
  client->random ^= client->random << 5;
  return client->random;
}

static void *sim_alloc(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void sim_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}

static iauth_time sim_now(void *user) {
  (void)user;
  return (iauth_time){now_ms, INT64_C(1790000000000) + now_ms};
}

static uint32_t index_of(const client *client) { return (uint32_t)(client - clients); }

static int64_t latency_ms(client *client) {
  return LATENCY_MIN_MS + random_of(client) % (LATENCY_MAX_MS - LATENCY_MIN_MS);
}

static iauth_error sim_send(void *user, const iauth_request *request) {
  client *client = user;
  client->request_id = request->id;
  ours[now_ms / 1000]++;
  wheel_add(EVENTS * index_of(client) + REPLY, now_ms + latency_ms(client));
  return IAUTH_OK;
}

static void sim_cancel(void *user, uint32_t id) {
  (void)id;
  wheel_remove(EVENTS * index_of(user) + REPLY);
}

static void sim_arm(void *user, int64_t delay_ms) {
  uint32_t index = EVENTS * index_of(user) + TIMER;
  if (delay_ms < 0)
    wheel_remove(index);
  else
    wheel_add(index, now_ms + (delay_ms > 0 ? delay_ms : 1));
}

/* Notes how a client does. */
static void set_well(client *client, bool well) {
  if (well && !client->well && --unwell == 0)
    last_unwell_ms = now_ms;
  if (!well && client->well)
    unwell++;
  client->well = well;
}

/* When the caller asks again. What is answered from memory, as in a page, the core does not see: so who has a fresh token is
 * left alone until it is not fresh any more. */
static void plan_caller(client *client) {
  int64_t at_ms = now_ms + (asking == ALWAYS ? 1000 : 30000 + random_of(client) % 15000);
  const iauth_token *fresh = iauth_current(client->core, MIN_VALIDITY_MS);
  while (asking != IDLE && fresh != NULL && fresh->expires_mono_ms - at_ms >= MIN_VALIDITY_MS)
    at_ms +=
        asking == ALWAYS ? fresh->expires_mono_ms - MIN_VALIDITY_MS - at_ms + 1 : 30000 + random_of(client) % 15000;
  if (asking != IDLE)
    wheel_add(EVENTS * index_of(client) + CALLER, at_ms);
}

static void sim_answer(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure) {
  (void)waiter;
  (void)failure;
  if (asking != IDLE)
    set_well(user, token != NULL);
  plan_caller(user);
}

static void sim_event(void *user, const iauth_event *event) {
  if (asking == IDLE && event->kind != IAUTH_EVENT_QUOTA && event->kind != IAUTH_EVENT_ERROR)
    set_well(user, event->kind == IAUTH_EVENT_TOKEN);
}

static void sim_ask(client *client) {
  const iauth_get_options options = {.min_validity_ms = MIN_VALIDITY_MS};
  if (iauth_get(client->core, 0, &options) != IAUTH_OK) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  iauth_run(client->core);
}

static bool is_out(int64_t at_ms) { return at_ms >= outage_start_ms && at_ms < outage_end_ms; }

/* The server's answer arrives; in the outage there is none. */
static void sim_reply(client *client) {
  char body[128];
  if (is_out(now_ms)) {
    iauth_fail(client->core, client->request_id, IAUTH_ERR_NETWORK);
  } else {
    int len =
        snprintf(body, sizeof body, "{\"accessToken\":\"t\",\"expires_in\":%lld,\"apis\":{}}", (long long)lifetime_s);
    const iauth_response response = {200, {"application/json", "", "", "", "", "", ""}, body, (size_t)len};
    iauth_respond(client->core, client->request_id, &response);
  }
  iauth_run(client->core);
}

static void start_client(uint32_t i) {
  clients[i].host = (iauth_host){&clients[i], sim_alloc, sim_release, sim_now,   random_of, sim_send,
                                 sim_cancel,  sim_arm,   sim_answer,  sim_event, NULL};
  const iauth_config config = {.flow = IAUTH_FLOW_DOMAIN_KEY,
                               .endpoint = "https://api.example/v1",
                               .api_key = "k",
                               .credential = "d",
                               .auto_refresh = true};
  if (iauth_new(&config, &clients[i].host, &clients[i].core) != IAUTH_OK) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  sim_ask(&clients[i]);
}

static void run_ours(int64_t spread_ms) {
  uint32_t started = 0;
  unwell = client_count;
  for (now_ms = 0; now_ms < end_ms; now_ms++) {
    /* Users open the page one after the other, over one period of refreshes, so that the
     * server has a steady rate from the first. */
    while (started < client_count && (int64_t)started * spread_ms / client_count <= now_ms)
      start_client(started++);
    for (uint32_t at; (at = slots[now_ms]) != NONE;) {
      client *client = &clients[at / EVENTS];
      wheel_remove(at);
      if (at % EVENTS == REPLY)
        sim_reply(client);
      else if (at % EVENTS == CALLER)
        sim_ask(client);
      else
        iauth_run(client->core);
    }
  }
}

/* ---------------------------------------------------------------------------------------------------
 * The plain client: refreshes a fixed minute before expiry (half the life of shorter tokens), and
 * tries again at once when that fails. It needs no simulation: what it does follows from when it
 * started. */

static void run_plain(void) {
  int64_t lead_s = lifetime_s / 2 < 60 ? lifetime_s / 2 : 60;
  double period_ms = (double)(lifetime_s - lead_s) * 1000;
  double round_trip_ms = (LATENCY_MIN_MS + LATENCY_MAX_MS) / 2.0;
  for (uint32_t i = 0; i < client_count; i++) {
    double at_ms = (double)i * period_ms / client_count;
    while (at_ms < (double)end_ms) {
      if (!is_out((int64_t)at_ms)) {
        plain[(int64_t)at_ms / 1000]++;
        at_ms += period_ms;
        continue;
      }
      /* A request each round trip until the server is back. */
      for (int64_t second = (int64_t)at_ms / 1000; second < outage_end_ms / 1000; second++) {
        double from_ms = second * 1000 > at_ms ? second * 1000 : at_ms;
        plain[second] += ((double)(second + 1) * 1000 - from_ms) / round_trip_ms;
      }
      at_ms = (double)outage_end_ms + (double)(i % 1000) / 1000 * round_trip_ms;
    }
  }
}

/* ---------------------------------------------------------------------------------------------------
 * The report. */

static double mean(const double *rate, int64_t from_s, int64_t to_s) {
  double sum = 0;
  for (int64_t second = from_s; second < to_s; second++)
    sum += rate[second];
  return sum / (double)(to_s - from_s);
}

static double peak(const double *rate, int64_t from_s, int64_t to_s) {
  double highest = 0;
  for (int64_t second = from_s; second < to_s; second++)
    if (rate[second] > highest)
      highest = rate[second];
  return highest;
}

static void *zeroed(size_t count, size_t size) {
  void *made = calloc(count, size);
  if (made == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return made;
}

/* Makes a world for one row; the one of the last row goes. */
static void start_row(int64_t lifetime, callers_kind callers) {
  lifetime_s = lifetime;
  asking = callers;
  /* Two lives before, so that what the start had in common is gone. */
  outage_start_ms = (2 * lifetime_s < 600 ? 600 : 2 * lifetime_s) * 1000;
  outage_end_ms = outage_start_ms + OUTAGE_S * 1000;
  end_ms = outage_end_ms + AFTER_S * 1000;
  last_unwell_ms = 0;
  free(clients);
  free(events);
  free(slots);
  free(ours);
  free(plain);
  clients = zeroed(client_count, sizeof *clients);
  events = zeroed(EVENTS * (size_t)client_count, sizeof *events);
  slots = zeroed((size_t)end_ms, sizeof *slots);
  ours = zeroed((size_t)end_ms / 1000 + 1, sizeof *ours);
  plain = zeroed((size_t)end_ms / 1000 + 1, sizeof *plain);
  memset(slots, 0xff, (size_t)end_ms * sizeof *slots);
  for (uint32_t i = 0; i < client_count; i++)
    clients[i].random = (i + 1) * 2654435761u | 1;
  for (size_t i = 0; i < EVENTS * (size_t)client_count; i++)
    events[i].at_ms = -1;
}

/* Runs and prints a row. False if it is not as promised. */
static bool run_row(int64_t lifetime, callers_kind callers) {
  start_row(lifetime, callers);
  run_ours(lifetime_s * 1000 - iauth__refresh_lead_ms(lifetime_s * 1000, UINT32_MAX / 2));
  run_plain();
  int64_t start_s = outage_start_ms / 1000, back_s = outage_end_ms / 1000;
  double steady = mean(ours, start_s - (lifetime_s < 400 ? lifetime_s : 400), start_s);
  double outage = peak(ours, start_s, back_s), after = peak(ours, back_s, end_ms / 1000);
  double recovered_s = last_unwell_ms > outage_end_ms ? (double)(last_unwell_ms - outage_end_ms) / 1000 : 0;
  bool good = unwell == 0 && recovered_s <= COMEBACK_S && outage <= PEAK_MAX * steady;
  printf("%8lld  %-10s %9.0f %9.0f %6.1f %9.0f %6.1f %8.1f s %12.0f%s\n", (long long)lifetime_s, caller_names[callers],
         steady, outage, outage / steady, after, after / steady, recovered_s, peak(plain, start_s, back_s),
         good ? "" : "  NOT as promised");
  for (uint32_t i = 0; i < client_count; i++)
    iauth_free(clients[i].core);
  return good;
}

static void write_curve(const char *path) {
  FILE *file = fopen(path, "w");
  if (file == NULL) {
    perror(path);
    exit(1);
  }
  int64_t first_s = outage_start_ms / 1000 - 300;
  for (int64_t second = first_s; second < end_ms / 1000; second++)
    fprintf(file, "%lld %.0f %.0f\n", (long long)(second - outage_start_ms / 1000), ours[second], plain[second]);
  fclose(file);
}

static long long number(const char *text) {
  char *end;
  long long value = strtoll(text, &end, 10);
  if (*end != '\0' || value < 1 || value > 100000000) {
    fprintf(stderr, "iauth_sim: %s is not a number from 1 to 100000000\n", text);
    exit(2);
  }
  return value;
}

int main(int argc, char **argv) {
  static const struct option options[] = {{"clients", required_argument, NULL, 'c'},
                                          {"lifetime", required_argument, NULL, 'l'},
                                          {"callers", required_argument, NULL, 'a'},
                                          {"curve", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
  static const int64_t lifetimes[] = {160, 1200};
  const char *curve = NULL, *only_callers = NULL;
  int64_t only_lifetime_s = 0;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (option == 'c')
      client_count = (uint32_t)number(optarg);
    else if (option == 'l')
      only_lifetime_s = number(optarg);
    else if (option == 'a')
      only_callers = optarg;
    else if (option == 'f')
      curve = optarg;
    else
      return 2;
  }
  printf("%u clients, the server is away for %d s; requests in a second, and times the steady rate\n"
         "lifetime  callers       steady    outage      x     after      x  all well in   fixed timer\n",
         client_count, OUTAGE_S);
  bool good = true;
  for (int life = 0; life < (only_lifetime_s > 0 ? 1 : 2); life++)
    for (int callers = IDLE; callers <= ALWAYS; callers++)
      if (only_callers == NULL || strcmp(only_callers, caller_names[callers]) == 0)
        good &= run_row(only_lifetime_s > 0 ? only_lifetime_s : lifetimes[life], (callers_kind)callers);
  if (curve != NULL)
    write_curve(curve);
  printf(good ? "in each second of the outage at most %d times the steady rate, all well within %d s\n"
              : "NOT at most %d times the steady rate, or not all well within %d s\n",
         PEAK_MAX, COMEBACK_S);
  return good ? 0 : 1;
}
