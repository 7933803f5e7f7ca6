/* Names of errors, generated from errors.def. Static text only. */
#include "core/iauth.h"

const char *iauth_error_code(iauth_error error) {
  switch (error) {
#define IAUTH_ERROR(name, number, js)                                                              \
  case IAUTH_ERR_##name:                                                                           \
    return js;
#include "core/errors.def"
#undef IAUTH_ERROR
  case IAUTH_OK:
    return "ok";
  }
  return "unknown";
}

const char *iauth_error_name(iauth_error error) {
  switch (error) {
#define IAUTH_ERROR(name, number, js)                                                              \
  case IAUTH_ERR_##name:                                                                           \
    return #name;
#include "core/errors.def"
#undef IAUTH_ERROR
  case IAUTH_OK:
    return "OK";
  }
  return "unknown";
}
