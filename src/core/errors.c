/* The names of errors, from errors.def. */
#include "core/iauth.h"

#include <string.h>

static const struct {
  iauth_error error;
  const char *name, *code;
} errors[] = {
    {IAUTH_OK, "OK", "ok"},
#define IAUTH_ERROR(name, number, js) {IAUTH_ERR_##name, #name, js},
#include "core/errors.def"
#undef IAUTH_ERROR
};

const char *iauth_error_code(iauth_error error) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].error == error)
      return errors[i].code;
  return "unknown";
}

iauth_error iauth_error_of_code(const char *code) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp(errors[i].code, code) == 0)
      return errors[i].error;
  return IAUTH_OK;
}

const char *iauth_error_name(iauth_error error) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (errors[i].error == error)
      return errors[i].name;
  return "unknown";
}
