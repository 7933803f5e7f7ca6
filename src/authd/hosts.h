/* Host names and addresses: which of them belong to this machine. */
#ifndef AUTHD_HOSTS_H
#define AUTHD_HOSTS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* True if only this machine can reach this IP address. */
bool authd_is_loopback(const char *address);

/* Checks the value of a Host header, "name" or "name:port". Allowed are localhost, names below it, all IP addresses,
 * and the names in `allowed`, an array of strings or NULL. `host` is NULL if a client of HTTP/1.0 sent none; that is
 * allowed. */
bool authd_host_allowed(const char *host, const cJSON *allowed);

/* True for a host name as it is in a Host header, without a port, or an IP address: labels of letters, digits, "-" and
 * "_" (RFC 1123, 2.1; "_" is common in private networks). */
bool authd_is_host(const char *name);

#endif
