/* The origins that a domain key allows. Pure: it takes ASCII, returns a decision, and allocates nothing.
 *
 * Origins are parsed and compared by scheme, host and port, never as substrings (docs/wire.md, section "Allowed
 * origins"; the serialisation is WHATWG HTML's "ASCII serialization of an origin"). Browsers send hosts in lower-case
 * punycode. The code that stores list entries converts them to ASCII (domains.h). */
#ifndef AUTHAPI_ORIGIN_RULES_H
#define AUTHAPI_ORIGIN_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* Longer values are neither matched nor echoed. A host name has at most 253 characters. */
#define AUTHAPI_ORIGIN_MAX 300

/* Why a list entry is not allowed, as a sentence with the remedy; NULL if it is valid. Static text. Valid entries are a
 * host ("www.example.com": https, port 443), subdomains ("*.example.com", not example.com itself) and a full origin
 * ("http://localhost:8080"). A bare "localhost" is https on 443 like any host. "*", "null", "com" and "*.com" are
 * refused. Public suffixes such as "*.co.uk" are not known here (domains.h). */
const char *authapi_domain_problem(const char *entry);

/* True if `origin` matches one of `domains`. `origin` is the value of a request's Origin header, or NULL. `domains`
 * holds valid entries, one per line. A missing origin and "null" never match. */
bool authapi_origin_allowed(const char *domains, const char *origin);

/* True if `origin` may be echoed in a header and in a message: it is printable ASCII of limited length. */
bool authapi_origin_printable(const char *origin);

/* What a log contains for an Origin header: the header if it is "null" or scheme://host[:port] (RFC 6454, 7.1), else
 * "(not an origin)", because it may be a credential in the wrong header. NULL for NULL. */
const char *authapi_origin_logged(const char *origin);

#endif
