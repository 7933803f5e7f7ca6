/* Commands that manage keys; see manage_keys.h. */
#define _POSIX_C_SOURCE 200809L
#include "authd/manage_keys.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authapi/describe.h"
#include "authapi/keys/credentials.h"
#include "authapi/keys/signing_keys.h"
#include "base/dates.h"

#define NOT_AUDITED 3 /* the exit status after a change that is not in the audit log */

/* Returns the exit status. */
static int flush_list(void) {
  return authd_flush_output() ? 0 : authd_print_error(1, AUTHD_NO_OUTPUT, strerror(errno));
}

static int print_json(cJSON *json) {
  char *text = cJSON_PrintUnformatted(json);
  if (text != NULL)
    puts(text);
  cJSON_free(text);
  cJSON_Delete(json);
  return text != NULL ? 0 : authd_print_error(1, "out of memory");
}

/* Finds the API key of --api-key, by its value or ID: each list shows both. Returns 0 or the exit status. */
static int find_api_key(const authd_context *context, authapi_api_key *key) {
  if (context->line->api_key == NULL)
    return authd_print_error(2, "give the API key: --api-key KEY");
  switch (authapi_find_api_key(&context->store, context->line->api_key, key)) {
  case AUTHAPI_FOUND:
    return 0;
  case AUTHAPI_MISSING:
    return authd_print_error(1, "there is no such API key; to list all, run: inbenta-authd api-key list");
  default:
    return authd_store_failed(context);
  }
}

/* The account that runs the command. The caller frees the text. */
static char *account(void) {
  const struct passwd *entry = getpwuid(geteuid());
  char number[16];
  snprintf(number, sizeof number, "%u", (unsigned)geteuid());
  return strdup(entry != NULL ? entry->pw_name : number);
}

static void write_audit(const authd_context *context, const char *id, const cJSON *json) {
  char event[64], *user = account();
  cJSON *changed = authapi_audit_pick(json);
  snprintf(event, sizeof event, "%s %s", context->line->noun, context->line->verb);
  const authapi_audit_event audit_event = {
      .time_s = authd_now_s(NULL), .event = event, .by = "command", .user = user, .key = id, .changed = changed};
  authapi_audit_write(context->audit, &audit_event);
  cJSON_Delete(changed);
  free(user);
}

/* Sends what was printed about a change to standard output. If that fails, says what was done all the same. Returns the
 * exit status. */
static int flush_change(const authd_context *context, const char *id) {
  const char *noun = context->line->noun, *verb = context->line->verb;
  if (authd_flush_output())
    return 0;
  if (strcmp(noun, "secret") == 0 && strcmp(verb, "revoke") != 0)
    return authd_print_error(1, AUTHD_NO_OUTPUT "; the secret was created and not shown: revoke it (%s)",
                             strerror(errno), id);
  return authd_print_error(1, AUTHD_NO_OUTPUT "; %s %s was done (%s)", strerror(errno), noun, verb, id);
}

/* Says if a change that was made is not in the audit log. Returns the exit status; `status` is the one without that. */
static int check_audit(const authd_context *context, const char *id, int status) {
  if (context->audit == NULL || context->audit->missing == 0)
    return status;
  authd_print_error(0, "it was done, but it is not in the audit log; write it down: %s %s %s", context->line->noun,
                    context->line->verb, id);
  return status == 0 ? NOT_AUDITED : status;
}

/* Reports a change of the key with this ID: writes the audit log, then prints `json` or the text. Deletes `json`.
 * Returns the exit status. */
__attribute__((format(printf, 4, 5))) static int report_change(const authd_context *context, const char *id,
                                                               cJSON *json, const char *format, ...) {
  va_list arguments;
  if (context->audit != NULL)
    write_audit(context, id, json);
  if (context->line->json) {
    int status = print_json(json);
    return check_audit(context, id, status == 0 ? flush_change(context, id) : status);
  }
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  cJSON_Delete(json);
  return check_audit(context, id, flush_change(context, id));
}

static int create_api_key(const authd_context *context) {
  authapi_api_key key;
  char db[AUTHD_DB_WORDS_SIZE];
  const char *problem = authapi_name_problem(context->line->name);
  if (problem != NULL)
    return authd_print_error(2, "--name NAME: %s", problem);
  if (authapi_make_api_key(&context->store, &context->signer, context->line->name, authd_now_s(NULL), &key) !=
      AUTHAPI_FOUND)
    return authd_store_failed(context);
  authd_db_words(context->line, db);
  return report_change(context, key.id, authapi_describe_api_key(&key),
                       "API key  %s\nid       %s\nname     %s\n\n"
                       "Next, make a secret for a server, or a domain key for pages:\n"
                       "  inbenta-authd secret create --api-key %s%s\n"
                       "  inbenta-authd domain-key create --api-key %s --domain DOMAIN%s\n",
                       key.value, key.id, key.name, key.value, db, key.value, db);
}

/* Accepts the value or the ID: logs contain the ID, and a page that leaked the key contains the value. */
static int revoke_api_key(const authd_context *context) {
  const authapi_store *store = &context->store;
  authapi_api_key key;
  if (context->line->target == NULL)
    return authd_print_error(2, "the API key is missing; write: inbenta-authd api-key revoke KEY-OR-ID");
  authapi_found found = authapi_find_api_key(store, context->line->target, &key);
  if (found == AUTHAPI_FOUND)
    found = store->revoke_api_key(store->state, key.id, authd_now_s(NULL));
  if (found == AUTHAPI_STORE_ERROR)
    return authd_store_failed(context);
  if (found == AUTHAPI_MISSING)
    return authd_print_error(1, "there is no such API key; to list all, run: inbenta-authd api-key list");
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", key.id);
  cJSON_AddBoolToObject(json, "revoked", true);
  return report_change(context, key.id, json,
                       "Revoked. The API key and all its secrets, domain keys and tokens are refused from now on.\n");
}

/* Finds the API key for a new credential. Returns 0 or the exit status. */
static int find_owner(const authd_context *context, authapi_api_key *key) {
  int status = find_api_key(context, key);
  return status == 0 && key->revoked_s != 0 ? authd_print_error(1, "this API key was revoked") : status;
}

static int create_secret(const authd_context *context) {
  authapi_api_key key;
  authapi_credential credential;
  char secret[AUTHAPI_SECRET_SIZE];
  int status = find_owner(context, &key);
  if (status != 0)
    return status;
  if (authapi_make_secret(&context->store, &context->signer, key.id, authd_now_s(NULL), secret, &credential) !=
      AUTHAPI_FOUND)
    return authd_store_failed(context);
  return report_change(context, credential.id, authapi_describe_new_secret(&credential, secret, NULL),
                       "secret   %s\nid       %s\n\nStore it now. It is not shown again.\n", secret, credential.id);
}

/* Finds a secret by its ID, or a domain key by its ID or value. Returns 0 or the exit status. */
static int find_target(const authd_context *context, authapi_credential_kind kind, authapi_credential *out) {
  const authapi_store *store = &context->store;
  authapi_found found = store->get_credential(store->state, context->line->target, out);
  if (found == AUTHAPI_FOUND && out->kind != kind)
    found = AUTHAPI_MISSING;
  if (found == AUTHAPI_MISSING && kind == AUTHAPI_DOMAIN_KEY)
    found = store->find_credential(store->state, kind, context->line->target, out);
  if (found == AUTHAPI_STORE_ERROR)
    return authd_store_failed(context);
  return found == AUTHAPI_FOUND ? 0
                                : authd_print_error(1, "there is no such %s; to list all, run: inbenta-authd %s list",
                                                    context->line->noun, context->line->noun);
}

static int rotate_secret(const authd_context *context) {
  authapi_credential old, credential;
  char secret[AUTHAPI_SECRET_SIZE], until[IAUTH__DATE_SIZE];
  if (context->line->target == NULL)
    return authd_print_error(2, "the ID is missing; write: inbenta-authd secret rotate ID");
  int status = find_target(context, AUTHAPI_SECRET, &old);
  if (status != 0)
    return status;
  const char *problem = authapi_rotate_problem(&old, authd_now_s(NULL));
  if (problem != NULL)
    return authd_print_error(1, "%s: %s", old.id, problem);
  if (authapi_rotate_secret(&context->store, &context->signer, &old, context->line->overlap_s, authd_now_s(NULL),
                            secret, &credential) != AUTHAPI_FOUND)
    return authd_store_failed(context);
  iauth__write_date(old.expires_s, until);
  return report_change(context, credential.id, authapi_describe_new_secret(&credential, secret, &old),
                       "secret   %s\nid       %s\n\nStore it now. It is not shown again. %s works until "
                       "%s.\n",
                       secret, credential.id, old.id, until);
}

static int create_domain_key(const authd_context *context) {
  authapi_api_key key;
  authapi_credential credential;
  int status = find_owner(context, &key);
  if (status != 0)
    return status;
  if (context->line->domains[0] == '\0')
    return authd_print_error(2, "give at least one domain: --domain www.example.com");
  if (authapi_make_domain_key(&context->store, &context->signer, key.id, context->line->domains, authd_now_s(NULL),
                              &credential) != AUTHAPI_FOUND)
    return authd_store_failed(context);
  return report_change(context, credential.id, authapi_describe(&credential),
                       "domain key  %s\nid          %s\ndomains\n%s", credential.value, credential.id,
                       credential.domains);
}

static int set_domains(const authd_context *context) {
  const char *domains = context->line->domains;
  authapi_credential credential;
  if (context->line->target == NULL || domains[0] == '\0')
    return authd_print_error(
        2, "the ID or the domain is missing; write: inbenta-authd domain-key set-domains ID --domain DOMAIN");
  int status = find_target(context, AUTHAPI_DOMAIN_KEY, &credential);
  if (status != 0)
    return status;
  if (context->store.set_domains(context->store.state, credential.id, domains) != AUTHAPI_FOUND)
    return authd_store_failed(context);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "id", credential.id);
  authapi_describe_domains(json, domains);
  return report_change(context, credential.id, json, "%s now allows\n%s", credential.id, domains);
}

static int revoke(const authd_context *context, authapi_credential_kind kind) {
  authapi_credential credential;
  if (context->line->target == NULL)
    return authd_print_error(2, "the ID is missing; write: inbenta-authd %s revoke ID", context->line->noun);
  int status = find_target(context, kind, &credential);
  if (status != 0)
    return status;
  if (context->store.revoke(context->store.state, kind, credential.id, authd_now_s(NULL)) != AUTHAPI_FOUND)
    return authd_store_failed(context);
  cJSON *json = cJSON_CreateObject();
  cJSON_AddBoolToObject(json, "revoked", true);
  return report_change(context, credential.id, json,
                       "Revoked. The key is refused from now on, and its tokens can no longer be refreshed.\n");
}

/* Prints a list for people: one line for each field of an entry. */
static int print_list(const authd_context *context, cJSON *list) {
  if (context->line->json) {
    int status = print_json(list);
    return status == 0 ? flush_list() : status;
  }
  if (cJSON_GetArraySize(list) == 0)
    authd_print_error(0, "%s list: there are none", context->line->noun);
  const cJSON *entry, *field, *item;
  cJSON_ArrayForEach(entry, list) {
    cJSON_ArrayForEach(field, entry) {
      if (cJSON_IsString(field)) {
        char text[4 * AUTHAPI_NAME_SIZE];
        authapi_escape(field->valuestring, text, sizeof text);
        printf("%-13s %s\n", field->string, text);
      } else if (cJSON_IsBool(field))
        printf("%-13s %s\n", field->string, cJSON_IsTrue(field) ? "yes" : "no");
      else
        cJSON_ArrayForEach(item, field) printf("%-13s %s\n", "domain", item->valuestring);
    }
    puts("");
  }
  cJSON_Delete(list);
  return flush_list();
}

static int list_api_keys(const authd_context *context) {
  cJSON *list;
  return authapi_list_api_keys(&context->store, NULL, &list) == AUTHAPI_FOUND ? print_list(context, list)
                                                                              : authd_store_failed(context);
}

static int list_credentials(const authd_context *context, authapi_credential_kind kind) {
  authapi_api_key key = {.id = ""};
  if (context->line->api_key != NULL) {
    int status = find_api_key(context, &key);
    if (status != 0)
      return status;
  }
  cJSON *list;
  const char *api_key_id = context->line->api_key != NULL ? key.id : NULL;
  return authapi_list_credentials(&context->store, NULL, kind, api_key_id, &list) == AUTHAPI_FOUND
             ? print_list(context, list)
             : authd_store_failed(context);
}

static int list_signing_keys(const authd_context *context) {
  authapi_signing_keys signing_keys = {.count = 0};
  authapi_found found = authapi_signing_keys_read(&signing_keys, &context->store, &context->signer, authd_now_s(NULL));
  int status = found == AUTHAPI_FOUND ? print_list(context, authapi_describe_signing_keys(&signing_keys))
                                      : authd_store_failed(context);
  authapi_signing_keys_clean_up(&signing_keys, &context->signer);
  return status;
}

/* Reports the newest signing key. */
static int report_signing_key(const authd_context *context, const authapi_signing_keys *signing_keys) {
  char kid[AUTHAPI_KID_SIZE], from[IAUTH__DATE_SIZE];
  size_t added = signing_keys->count - 1;
  authapi_key_id(&signing_keys->keys[added], kid);
  iauth__write_date(signing_keys->stored[added].signs_from_s, from);
  return report_change(
      context, kid, authapi_describe_signing_key(signing_keys, added), "signing key  %s\nsigns from   %s\n\n%s\n", kid,
      from,
      context->line->now
          ? "All other signing keys are revoked. Every token that was granted before is refused within one second."
          : "It is published from now on.");
}

static int rotate_signing_key(const authd_context *context) {
  const authapi_store *store = &context->store;
  authapi_signing_keys signing_keys = {.count = 0};
  if (context->line->now && (context->line->given & AUTHD_PUBLISH))
    return authd_print_error(2, "--now and --publish exclude each other: give only one of them");
  authapi_found found = context->line->now
                            ? authapi_signing_keys_replace(&signing_keys, store, &context->signer, authd_now_s(NULL))
                            : authapi_signing_keys_rotate(&signing_keys, store, &context->signer,
                                                          context->line->publish_s, authd_now_s(NULL));
  int status = found == AUTHAPI_MISSING       ? authd_print_error(1, "%s", authapi_signing_keys_conflict)
               : found == AUTHAPI_STORE_ERROR ? authd_store_failed(context)
                                              : report_signing_key(context, &signing_keys);
  authapi_signing_keys_clean_up(&signing_keys, &context->signer);
  return status;
}

static int revoke_signing_key(const authd_context *context) {
  authapi_signing_keys signing_keys = {.count = 0};
  const char *kid = context->line->target;
  if (kid == NULL)
    return authd_print_error(2, "the ID is missing; write: inbenta-authd signing-key revoke ID");
  authapi_found found =
      authapi_signing_keys_revoke(&signing_keys, &context->store, &context->signer, kid, authd_now_s(NULL));
  authapi_signing_keys_clean_up(&signing_keys, &context->signer);
  if (found == AUTHAPI_STORE_ERROR)
    return authd_store_failed(context);
  if (found == AUTHAPI_MISSING)
    return authd_print_error(1, "no such signing key is in use; to list all, run: inbenta-authd signing-key list");
  cJSON *json = cJSON_CreateObject();
  cJSON_AddStringToObject(json, "kid", kid);
  cJSON_AddBoolToObject(json, "revoked", true);
  return report_change(context, kid, json, "Revoked. Every token that it signed is refused within one second.\n");
}

static int list_secrets(const authd_context *context) { return list_credentials(context, AUTHAPI_SECRET); }
static int list_domain_keys(const authd_context *context) { return list_credentials(context, AUTHAPI_DOMAIN_KEY); }
static int revoke_secret(const authd_context *context) { return revoke(context, AUTHAPI_SECRET); }
static int revoke_domain_key(const authd_context *context) { return revoke(context, AUTHAPI_DOMAIN_KEY); }

const authd_command authd_key_commands[] = {
    {"api-key", "create", create_api_key, AUTHD_NAME | AUTHD_AUDIT, true},
    {"api-key", "list", list_api_keys, 0, false},
    {"api-key", "revoke", revoke_api_key, AUTHD_TARGET | AUTHD_AUDIT, false},
    {"secret", "create", create_secret, AUTHD_API_KEY | AUTHD_AUDIT, false},
    {"secret", "list", list_secrets, AUTHD_API_KEY, false},
    {"secret", "rotate", rotate_secret, AUTHD_TARGET | AUTHD_OVERLAP | AUTHD_AUDIT, false},
    {"secret", "revoke", revoke_secret, AUTHD_TARGET | AUTHD_AUDIT, false},
    {"domain-key", "create", create_domain_key, AUTHD_API_KEY | AUTHD_DOMAIN | AUTHD_AUDIT, false},
    {"domain-key", "list", list_domain_keys, AUTHD_API_KEY, false},
    {"domain-key", "set-domains", set_domains, AUTHD_TARGET | AUTHD_DOMAIN | AUTHD_AUDIT, false},
    {"domain-key", "revoke", revoke_domain_key, AUTHD_TARGET | AUTHD_AUDIT, false},
    {"signing-key", "list", list_signing_keys, 0, false},
    {"signing-key", "rotate", rotate_signing_key, AUTHD_PUBLISH | AUTHD_NOW | AUTHD_AUDIT, false},
    {"signing-key", "revoke", revoke_signing_key, AUTHD_TARGET | AUTHD_AUDIT, false},
};

const size_t authd_key_command_count = sizeof authd_key_commands / sizeof *authd_key_commands;
