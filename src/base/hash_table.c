/* The hash table; see hash_table.h. It chains entries in a fixed number of buckets, because its users have thousands of
 * keys, not millions. */
#include "base/hash_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct entry {
  struct entry *next;
  char *key;           /* stored after the value */
  max_align_t value[]; /* of value_size bytes */
};

struct iauth__hash_table {
  size_t value_size;
  struct entry *buckets[BUCKETS];
};

iauth__hash_table *iauth__hash_table_new(size_t value_size) {
  iauth__hash_table *table = calloc(1, sizeof *table);
  if (table != NULL)
    table->value_size = value_size;
  return table;
}

void iauth__hash_table_free(iauth__hash_table *table) {
  if (table == NULL)
    return;
  for (size_t i = 0; i < BUCKETS; i++)
    while (table->buckets[i] != NULL) {
      struct entry *entry = table->buckets[i];
      table->buckets[i] = entry->next;
      free(entry);
    }
  free(table);
}

/* FNV-1a. */
static size_t bucket_of(const char *key) {
  uint32_t hash = 2166136261u;
  for (; *key != '\0'; key++)
    hash = (hash ^ (unsigned char)*key) * 16777619u;
  return hash % BUCKETS;
}

/* The link that points to the entry of a key. If the key is missing, the link where its entry would be added. */
static struct entry **link_of(iauth__hash_table *table, const char *key) {
  struct entry **link = &table->buckets[bucket_of(key)];
  while (*link != NULL && strcmp((*link)->key, key) != 0)
    link = &(*link)->next;
  return link;
}

void *iauth__hash_table_find(const iauth__hash_table *table, const char *key) {
  struct entry *entry = table->buckets[bucket_of(key)];
  while (entry != NULL && strcmp(entry->key, key) != 0)
    entry = entry->next;
  return entry != NULL ? entry->value : NULL;
}

void *iauth__hash_table_add(iauth__hash_table *table, const char *key) {
  struct entry **link = link_of(table, key);
  if (*link == NULL) {
    size_t key_size = strlen(key) + 1;
    struct entry *entry = calloc(1, sizeof *entry + table->value_size + key_size);
    if (entry == NULL)
      return NULL;
    entry->key = (char *)entry->value + table->value_size;
    memcpy(entry->key, key, key_size);
    *link = entry;
  }
  return (*link)->value;
}

void iauth__hash_table_remove(iauth__hash_table *table, const char *key) {
  struct entry **link = link_of(table, key), *entry = *link;
  if (entry == NULL)
    return;
  *link = entry->next;
  free(entry);
}

void iauth__hash_table_each(const iauth__hash_table *table, bool (*visit)(void *user, void *value), void *user) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct entry *entry = table->buckets[i]; entry != NULL; entry = entry->next)
      if (!visit(user, entry->value))
        return;
}
