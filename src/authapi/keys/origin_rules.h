/* Which origins a domain key admits. Pure: ASCII in, a decision out, no allocation.
 *
 * Origins are parsed and compared as scheme, host and port, never as substrings (docs/wire.md
 * "Allowed origins"; the serialisation is WHATWG HTML's "ASCII serialization of an
 * origin"). Browsers send hosts in lower-case punycode; list entries are brought to ASCII by
 * whoever writes them (domains.h). */
#ifndef AUTHAPI_ORIGIN_RULES_H
#define AUTHAPI_ORIGIN_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* Longer values are neither matched nor echoed: a host name has at most 253 characters. */
#define AUTHAPI_ORIGIN_MAX 300

/* Why a list entry can never match, as a sentence that says what to do; NULL if it is good. Good
 * are a host ("www.example.com": https, port 443), sub-domains ("*.example.com", not example.com
 * itself) and a full origin ("http://localhost:8080"). A bare "localhost" is https on 443 like any
 * host. "*.com" is taken: which suffixes are public is a list that changes, and a wide entry is its
 * owner's choice. "*" and "null" are not. Static text. */
const char *authapi_domain_problem(const char *entry);

/* Whether `origin`, the value of a request's Origin header or NULL, matches one of `domains`: good
 * entries, one a line. A missing origin and "null" never match. */
bool authapi_origin_allowed(const char *domains, const char *origin);

/* Whether `origin` may be echoed in a header and in a message: printable ASCII of bounded length.
 */
bool authapi_origin_printable(const char *origin);

#endif
