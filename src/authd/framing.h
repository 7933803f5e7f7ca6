/* Whether a request is framed as RFC 9110 and 9112 demand, beyond what libmicrohttpd checks. What two
 * programs on the way could read differently is refused: else a request could hide in another one. */
#ifndef AUTHD_FRAMING_H
#define AUTHD_FRAMING_H

#include <microhttpd.h>

/* Why the request is refused with 400 and its connection closed, as static text; NULL: it is well
 * framed. Call it once the headers are there. */
const char *authd_framing_problem(struct MHD_Connection *connection, const char *target, const char *version);

/* What MHD_OPTION_UNESCAPE_CALLBACK wants: leaves paths as they are, so that "/%61dmin" is not "/admin". */
size_t authd_framing_unescape(void *state, struct MHD_Connection *connection, char *text);

#endif
