/* The commands that manage keys: each changes or lists what is in the store, prints it, and writes a
 * change to the audit log. */
#ifndef AUTHD_MANAGE_KEYS_H
#define AUTHD_MANAGE_KEYS_H

#include "authd/context.h"

extern const authd_command authd_key_commands[];
extern const size_t authd_key_command_count;

#endif
