/* How C reads the bodies of answers: for each line of hexadecimal digits on standard input, prints a line with what
 * iauth__body says (src/core/body.h): the numbers, and the strings as hexadecimal digits.
 * tests/node/client/compare.test.js compares that with what js/client/answer.js reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/body.h"

static void *body_alloc(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void body_release(void *user, void *ptr) {
  (void)user;
  free(ptr);
}

static void print_hex(const char *bytes, size_t len) {
  putchar(' ');
  for (size_t i = 0; i < len; i++)
    printf("%02x", (unsigned char)bytes[i]);
}

int main(void) {
  static char line[4 * IAUTH_BODY_MAX];
  const iauth_host host = {.alloc = body_alloc, .release = body_release};
  while (fgets(line, sizeof line, stdin) != NULL) {
    size_t len = strcspn(line, "\n") / 2;
    unsigned byte;
    for (size_t i = 0; i < len && sscanf(line + 2 * i, "%2x", &byte) == 1; i++)
      line[i] = (char)byte;
    const iauth_response response = {.body = line, .body_len = len};
    iauth__body body;
    iauth__body_init(&body, &host, &response);
    if (body.error != IAUTH_OK)
      return 1;
    printf("%u %.17g %.17g %d", body.form, body.expires_in, body.expiration, body.reason);
    print_hex(body.message, strlen(body.message));
    print_hex(body.access_token, strlen(body.access_token));
    print_hex(body.apis, body.apis_len);
    putchar('\n');
    iauth__body_clean_up(&body, &host);
  }
  return 0;
}
