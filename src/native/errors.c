/* The names of errors, and hints for them; see errors.h. */
#include "native/errors.h"

/* For a response that does not come from the Auth API. */
#define NOT_THE_API                                                                                                    \
  "Does the endpoint end in /v1? Something else than the Auth API answered, for example a firewall or a proxy."

static const struct {
  const char *code, *hint;
} texts[] = {
    [INBENTA_AUTH_OK] = {"ok", "Nothing is wrong."},
    [INBENTA_AUTH_INVALID_CONFIG] = {"invalid_config", "An option is wrong. inbenta_auth_check says which one."},
    [INBENTA_AUTH_INSECURE_ENDPOINT] = {"insecure_endpoint", "Use https. Plain http works for this machine only."},
    [INBENTA_AUTH_NO_MEMORY] = {"out_of_memory", "Free memory, threads or file descriptors."},
    [INBENTA_AUTH_ABORTED] = {"aborted", "The call was cancelled. There is nothing to do."},
    [INBENTA_AUTH_DISPOSED] = {"disposed", "Make a new client."},
    [INBENTA_AUTH_TIMEOUT] = {"timeout", "The endpoint did not answer in time. Try again, or raise the timeout."},
    [INBENTA_AUTH_NETWORK] = {"network", "The endpoint cannot be reached. Check its URL and port, the connection, and "
                                         "the proxy in the environment, if there is one."},
    [INBENTA_AUTH_DNS] = {"dns", "Check the endpoint's host name and this machine's name servers."},
    [INBENTA_AUTH_PROXY] = {"proxy", "Check the proxy, its credentials and its access rules."},
    [INBENTA_AUTH_TLS] = {"tls", "Check that the server speaks https on this port, with TLS 1.2 or later."},
    [INBENTA_AUTH_CERTIFICATE] = {"certificate", "Check the endpoint's name, this machine's clock, and the certificate "
                                                 "authorities that are known here: a PEM file, or the system's."},
    [INBENTA_AUTH_ORIGIN_NOT_ALLOWED] = {"origin_not_allowed", "Use a secret. A domain key works only in web pages."},
    [INBENTA_AUTH_CREDENTIALS_REJECTED] = {"credentials_rejected",
                                           "Check that the API key and the secret belong together and are not "
                                           "revoked. A gateway can repeat an old refusal for 5 minutes."},
    [INBENTA_AUTH_KEY_REVOKED] = {"key_revoked", "Create a new secret."},
    [INBENTA_AUTH_TOKEN_EXPIRED] = {"token_expired", "Ask for a new token."},
    [INBENTA_AUTH_RATE_LIMITED] = {"rate_limited", "Wait for retry_after_ms, then try again."},
    [INBENTA_AUTH_SERVER_ERROR] = {"server_error", "Try again later."},
    [INBENTA_AUTH_BAD_RESPONSE] = {"bad_response", NOT_THE_API},
    [INBENTA_AUTH_ENDPOINT_REFUSED] = {"endpoint_refused", NOT_THE_API},
    [INBENTA_AUTH_BODY_TOO_LARGE] = {"body_too_large", NOT_THE_API},
};

#define COUNT (sizeof texts / sizeof *texts)

const char *inbenta_auth_error_code(inbenta_auth_error error) {
  return (size_t)error < COUNT ? texts[error].code : "unknown";
}

const char *inbenta_auth_error_hint(inbenta_auth_error error) {
  return (size_t)error < COUNT ? texts[error].hint : "This version does not know this error.";
}

inbenta_auth_error native_error(iauth_error error, inbenta_auth_error unreached_reason) {
  switch (error) {
  case IAUTH_OK:
    return INBENTA_AUTH_OK;
  case IAUTH_ERR_INVALID_CONFIG:
    return INBENTA_AUTH_INVALID_CONFIG;
  case IAUTH_ERR_INSECURE_ENDPOINT:
    return INBENTA_AUTH_INSECURE_ENDPOINT;
  case IAUTH_ERR_NO_MEMORY:
    return INBENTA_AUTH_NO_MEMORY;
  case IAUTH_ERR_ABORTED:
    return INBENTA_AUTH_ABORTED;
  case IAUTH_ERR_DISPOSED:
    return INBENTA_AUTH_DISPOSED;
  case IAUTH_ERR_TIMEOUT:
    return INBENTA_AUTH_TIMEOUT;
  case IAUTH_ERR_NETWORK:
  case IAUTH_ERR_UNTRUSTED_ROUTE:
    return unreached_reason;
  case IAUTH_ERR_ORIGIN_NOT_ALLOWED:
    return INBENTA_AUTH_ORIGIN_NOT_ALLOWED;
  case IAUTH_ERR_CREDENTIALS_REJECTED:
    return INBENTA_AUTH_CREDENTIALS_REJECTED;
  case IAUTH_ERR_KEY_REVOKED:
    return INBENTA_AUTH_KEY_REVOKED;
  case IAUTH_ERR_TOKEN_EXPIRED:
    return INBENTA_AUTH_TOKEN_EXPIRED;
  case IAUTH_ERR_ENDPOINT_REFUSED:
    return INBENTA_AUTH_ENDPOINT_REFUSED;
  case IAUTH_ERR_RATE_LIMITED:
    return INBENTA_AUTH_RATE_LIMITED;
  case IAUTH_ERR_SERVER_ERROR:
    return INBENTA_AUTH_SERVER_ERROR;
  case IAUTH_ERR_BAD_STATUS:
  case IAUTH_ERR_BAD_CONTENT_TYPE:
  case IAUTH_ERR_BAD_JSON:
  case IAUTH_ERR_BAD_TOKEN:
  case IAUTH_ERR_BAD_EXPIRES_IN:
  case IAUTH_ERR_BAD_APIS:
    return INBENTA_AUTH_BAD_RESPONSE;
  case IAUTH_ERR_BODY_TOO_LARGE:
    return INBENTA_AUTH_BODY_TOO_LARGE;
  }
  return INBENTA_AUTH_BAD_RESPONSE;
}
