/* Public tokens; see token.h. Each token is one block of memory, so that all of it is wiped at once.
 *
 * The block holds the table of products, the access token, and the names and URLs of the products. */
#include "native/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"

/* Returns the position after a string and its NUL. */
static const char *next_string(const char *text) { return text + strlen(text) + 1; }

bool native_token_from(const iauth_token *token, inbenta_auth_token *out) {
  size_t count = 0, token_size = strlen(token->access_token) + 1;
  for (const char *p = token->apis; p != NULL && p < token->apis + token->apis_len; p = next_string(next_string(p)))
    count++;
  memset(out, 0, sizeof *out);
  size_t size = count * sizeof *out->apis + token_size + token->apis_len;
  inbenta_auth_product *products = malloc(size);
  if (products == NULL)
    return false;
  char *text = (char *)(products + count);
  memcpy(text, token->access_token, token_size);
  out->access_token = text;
  text += token_size;
  if (count > 0)
    memcpy(text, token->apis, token->apis_len);
  for (size_t i = 0; i < count; i++) {
    products[i].name = text;
    products[i].url = next_string(text);
    text = (char *)next_string(products[i].url);
  }
  out->expiration = token->expiration;
  out->expires_at_ms = token->expires_wall_ms;
  out->apis = products;
  out->apis_count = count;
  out->memory = products;
  out->memory_size = size;
  return true;
}

/* The same position in another block. */
static const char *relocate(const char *text, const void *from, const void *to) {
  return (const char *)to + (text - (const char *)from);
}

inbenta_auth_error inbenta_auth_token_copy(const inbenta_auth_token *token, inbenta_auth_token *copy) {
  memset(copy, 0, sizeof *copy);
  inbenta_auth_product *products = malloc(token->memory_size);
  if (products == NULL)
    return INBENTA_AUTH_NO_MEMORY;
  *copy = *token;
  memcpy(products, token->memory, token->memory_size);
  for (size_t i = 0; i < token->apis_count; i++) {
    products[i].name = relocate(products[i].name, token->memory, products);
    products[i].url = relocate(products[i].url, token->memory, products);
  }
  copy->access_token = relocate(token->access_token, token->memory, products);
  copy->apis = products;
  copy->memory = products;
  return INBENTA_AUTH_OK;
}

void inbenta_auth_token_clean_up(inbenta_auth_token *token) {
  if (token->memory != NULL)
    iauth__wipe(token->memory, token->memory_size);
  free(token->memory);
  memset(token, 0, sizeof *token);
}

const char *inbenta_auth_token_api(const inbenta_auth_token *token, const char *product) {
  /* If the API names a product twice, the last one counts, as in JavaScript. */
  for (size_t i = token->apis_count; i-- > 0;)
    if (strcmp(token->apis[i].name, product) == 0)
      return token->apis[i].url;
  return NULL;
}
