/* inbenta-authd: a local Auth API for development and tests. */
#include "authd/cli.h"

int main(int argc, char **argv) { return authd_cli(argc, argv); }
