/* A hash table: strings to values of one size. Pure but for memory. Its keys must not be a
 * stranger's choice: the hash is quick and not secret. */
#ifndef IAUTH_HASH_TABLE_H
#define IAUTH_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct iauth__hash_table iauth__hash_table;

/* A table for values of `value_size` bytes. NULL without memory. Release it with
 * iauth__hash_table_free; NULL is fine there. */
iauth__hash_table *iauth__hash_table_new(size_t value_size);
void iauth__hash_table_free(iauth__hash_table *table);

/* The value of a key, NULL if it is not there. It stays where it is until the key is removed. */
void *iauth__hash_table_find(const iauth__hash_table *table, const char *key);

/* The same, but a key that is not there is added, with a zeroed value. NULL without memory. */
void *iauth__hash_table_add(iauth__hash_table *table, const char *key);

/* Removes a key and its value, if it is there. */
void iauth__hash_table_remove(iauth__hash_table *table, const char *key);

/* Calls `visit` for each value, in no order, until it returns false. `visit` must not change which
 * keys there are. */
void iauth__hash_table_each(const iauth__hash_table *table, bool (*visit)(void *user, void *value), void *user);

#endif
