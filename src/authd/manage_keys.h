/* The commands that manage keys. Each one lists or changes keys in the store and prints the result. Changes are written
 * to the audit log. */
#ifndef AUTHD_MANAGE_KEYS_H
#define AUTHD_MANAGE_KEYS_H

#include "authd/context.h"

extern const authd_command authd_key_commands[];
extern const size_t authd_key_command_count;

#endif
