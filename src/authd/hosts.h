/* Host names and addresses: which of them are this machine's own. */
#ifndef AUTHD_HOSTS_H
#define AUTHD_HOSTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Whether an IP address is reached from this machine only. */
bool authd_is_loopback(const char *address);

/* Whether the value of a Host header, "name" or "name:port", is localhost or under it, an address, or
 * a name in `allowed`, an array of strings or NULL. A client of HTTP/1.0 may send none (NULL). */
bool authd_host_allowed(const char *host, const cJSON *allowed);

#endif
