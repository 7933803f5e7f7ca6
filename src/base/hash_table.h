/* A hash table: maps strings to values of one size. Pure but for memory. Do not use keys that a stranger can choose:
 * the hash is fast and not secret, so a stranger could make all keys collide. */
#ifndef IAUTH_HASH_TABLE_H
#define IAUTH_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct iauth__hash_table iauth__hash_table;

/* Makes a table for values of `value_size` bytes. NULL if there is no memory. Release it with iauth__hash_table_free,
 * which accepts NULL. */
iauth__hash_table *iauth__hash_table_new(size_t value_size);
void iauth__hash_table_free(iauth__hash_table *table);

/* The value of a key, or NULL if the key is missing. The pointer stays valid until the key is removed. */
void *iauth__hash_table_find(const iauth__hash_table *table, const char *key);

/* Finds a key, or adds it with a zeroed value. NULL if there is no memory. */
void *iauth__hash_table_add(iauth__hash_table *table, const char *key);

/* Removes a key and its value. Does nothing if the key is missing. */
void iauth__hash_table_remove(iauth__hash_table *table, const char *key);

/* Calls `visit` for each value, in no particular order, until it returns false. `visit` must not add or remove keys. */
void iauth__hash_table_each(const iauth__hash_table *table, bool (*visit)(void *user, void *value), void *user);

#endif
