/* One million virtual clients on a virtual clock, through the same C code as in a page, with an
 * outage of ten minutes in the middle; beside them the same clients with a plain fixed timer and
 * immediate retry.
 *
 *   iauth_sim [--clients N] [--lifetime S] [--curve FILE]
 *
 * Prints requests per second before, during and after the outage, and writes the curve as "second
 * ours plain" lines. Exit status 1 if the server's comeback is not as promised: at most 1.5 times
 * the steady rate, every client with a valid token within two minutes. */
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
#define PEAK_MAX 1.5

/* ---------------------------------------------------------------------------------------------------
 * A wheel of events: one list a millisecond. A client has at most a timer and a reply in it. */

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
  bool has_token; /* as its last event said */
} client;

static client *clients;
static event *events; /* 2 a client: its timer, its reply */
static uint32_t *slots;
static uint32_t client_count = 1000000;
static int64_t lifetime_s = 160, now_ms, end_ms, outage_start_ms, outage_end_ms;
static double *ours, *plain; /* requests in each second */
static uint32_t without_token;
static int64_t last_without_ms;

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
  wheel_add(2 * index_of(client) + 1, now_ms + latency_ms(client));
  return IAUTH_OK;
}

static void sim_cancel(void *user, uint32_t id) {
  (void)id;
  wheel_remove(2 * index_of(user) + 1);
}

static void sim_arm(void *user, int64_t delay_ms) {
  uint32_t index = 2 * index_of(user);
  if (delay_ms < 0)
    wheel_remove(index);
  else
    wheel_add(index, now_ms + (delay_ms > 0 ? delay_ms : 1));
}

static void sim_answer(void *user, uint32_t waiter, const iauth_token *token, const iauth_failure *failure) {
  (void)user;
  (void)waiter;
  (void)token;
  (void)failure;
}

static void sim_event(void *user, const iauth_event *event) {
  client *client = user;
  if (event->kind == IAUTH_EVENT_TOKEN && !client->has_token) {
    client->has_token = true;
    without_token--;
    if (without_token == 0)
      last_without_ms = now_ms;
  }
  if (event->kind == IAUTH_EVENT_EXPIRED && client->has_token) {
    client->has_token = false;
    without_token++;
  }
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
  clients[i].host = (iauth_host){&clients[i], sim_alloc,  sim_release, sim_now,    random_of,
                                 sim_send,    sim_cancel, sim_arm,     sim_answer, sim_event};
  const iauth_config config = {.flow = IAUTH_FLOW_DOMAIN_KEY,
                               .endpoint = "https://api.example/v1",
                               .api_key = "k",
                               .credential = "d",
                               .auto_refresh = true};
  const iauth_get_options options = {0};
  if (iauth_new(&config, &clients[i].host, &clients[i].core) != IAUTH_OK ||
      iauth_get(clients[i].core, 0, &options) != IAUTH_OK) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  iauth_run(clients[i].core);
}

static void run_ours(int64_t spread_ms) {
  uint32_t started = 0;
  without_token = client_count;
  for (now_ms = 0; now_ms < end_ms; now_ms++) {
    /* Users open the page one after the other, over one period of refreshes, so that the
     * server has a steady rate from the first. */
    while (started < client_count && (int64_t)started * spread_ms / client_count <= now_ms)
      start_client(started++);
    for (uint32_t at; (at = slots[now_ms]) != NONE;) {
      client *client = &clients[at / 2];
      wheel_remove(at);
      if (at % 2 == 1)
        sim_reply(client);
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

static void report(const char *name, const double *rate) {
  int64_t start_s = outage_start_ms / 1000, back_s = outage_end_ms / 1000;
  double steady = mean(rate, start_s - lifetime_s, start_s);
  printf("%-22s steady %9.0f/s   outage mean %10.0f/s, peak %10.0f/s   after: peak %10.0f/s = %.2f "
         "x steady\n",
         name, steady, mean(rate, start_s, back_s), peak(rate, start_s, back_s), peak(rate, back_s, end_ms / 1000),
         peak(rate, back_s, end_ms / 1000) / steady);
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
                                          {"curve", required_argument, NULL, 'f'},
                                          {NULL, 0, NULL, 0}};
  const char *curve = NULL;
  for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
    if (option == 'c')
      client_count = (uint32_t)number(optarg);
    else if (option == 'l')
      lifetime_s = number(optarg);
    else if (option == 'f')
      curve = optarg;
    else
      return 2;
  }
  /* A few lives before, so that what the start had in common is gone. */
  outage_start_ms = (4 * lifetime_s < 400 ? 400 : 4 * lifetime_s) * 1000;
  outage_end_ms = outage_start_ms + OUTAGE_S * 1000;
  end_ms = outage_end_ms + AFTER_S * 1000;
  clients = calloc(client_count, sizeof *clients);
  events = malloc(2 * (size_t)client_count * sizeof *events);
  slots = malloc((size_t)end_ms * sizeof *slots);
  ours = calloc((size_t)end_ms / 1000 + 1, sizeof *ours);
  plain = calloc((size_t)end_ms / 1000 + 1, sizeof *plain);
  if (clients == NULL || events == NULL || slots == NULL || ours == NULL || plain == NULL) {
    fprintf(stderr, "out of memory\n");
    return 1;
  }
  memset(slots, 0xff, (size_t)end_ms * sizeof *slots);
  for (uint32_t i = 0; i < client_count; i++)
    clients[i].random = (i + 1) * 2654435761u | 1;
  for (size_t i = 0; i < 2 * (size_t)client_count; i++)
    events[i].at_ms = -1;

  run_ours(lifetime_s * 1000 - iauth__refresh_when_ms(lifetime_s * 1000, UINT32_MAX / 2));
  run_plain();

  printf("%u clients, tokens live %lld s, the server is away for %d s\n", client_count, (long long)lifetime_s,
         OUTAGE_S);
  report("inbenta-auth", ours);
  report("fixed timer, at once", plain);
  double back_s = (double)(last_without_ms - outage_end_ms) / 1000;
  printf("every client had a valid token again %.1f s after the server was back%s\n", back_s > 0 ? back_s : 0,
         without_token == 0 ? "" : " — no, some still have none");
  if (curve != NULL)
    write_curve(curve);
  double steady = mean(ours, outage_start_ms / 1000 - lifetime_s, outage_start_ms / 1000);
  bool good = without_token == 0 && back_s <= COMEBACK_S &&
              peak(ours, outage_end_ms / 1000, end_ms / 1000) <= PEAK_MAX * steady;
  printf("%s\n", good ? "within 1.5 times the steady rate and two minutes"
                      : "NOT within 1.5 times the steady rate and two minutes");
  for (uint32_t i = 0; i < client_count; i++)
    iauth_free(clients[i].core);
  return good ? 0 : 1;
}
