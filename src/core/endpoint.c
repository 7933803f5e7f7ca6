/* Checks the endpoint that a user passes; see endpoint.h. */
#include "core/endpoint.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base_url.h"

_Static_assert((int)IAUTH__BASE_URL_INVALID == (int)IAUTH_ERR_INVALID_CONFIG &&
                   (int)IAUTH__BASE_URL_INSECURE == (int)IAUTH_ERR_INSECURE_ENDPOINT,
               "the numbers of a base URL's problems are those of the client's errors");

/* True if the host of a checked base URL is inbenta.io or a sub-domain, and only slashes follow it. */
static bool is_inbenta_without_path(const char *url) {
  static const char domain[] = "inbenta.io";
  const char *host = strstr(url, "://") + 3, *end = host + strcspn(host, ":/");
  const char *path = end + strcspn(end, "/");
  size_t len = sizeof domain - 1;
  end -= end[-1] == '.';
  if ((size_t)(end - host) < len || path[strspn(path, "/")] != '\0')
    return false;
  for (size_t i = 0; i < len; i++)
    if (iauth__lower(end[(ptrdiff_t)i - (ptrdiff_t)len]) != domain[i])
      return false;
  return end - host == (ptrdiff_t)len || end[-(ptrdiff_t)len - 1] == '.';
}

iauth_error iauth__check_endpoint(const char *url, bool allow_insecure) {
  if (url == NULL)
    return IAUTH_ERR_INVALID_CONFIG;
  iauth__base_url checked = iauth__check_base_url(url, allow_insecure);
  if (checked == IAUTH__BASE_URL_OK && (strchr(url, '%') != NULL || is_inbenta_without_path(url)))
    return IAUTH_ERR_INVALID_CONFIG;
  return (iauth_error)checked;
}
