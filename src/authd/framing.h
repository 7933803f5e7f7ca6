/* Checks that a request is framed as RFC 9110 and 9112 demand, in addition to the checks of libmicrohttpd. A request is
 * refused if two programs on its way could read it differently. Otherwise one request could hide another one. */
#ifndef AUTHD_FRAMING_H
#define AUTHD_FRAMING_H

#include <microhttpd.h>

/* Why the request must be refused with 400 and its connection closed, as static text; NULL if its framing is valid.
 * Call it after the headers were received. */
const char *authd_framing_problem(struct MHD_Connection *connection, const char *target, const char *version);

/* For MHD_OPTION_UNESCAPE_CALLBACK. Leaves paths unchanged, so that "/%61dmin" is not "/admin". */
size_t authd_framing_unescape(void *state, struct MHD_Connection *connection, char *text);

#endif
