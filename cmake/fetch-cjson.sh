#!/bin/sh
# Fetches the source of cJSON as Debian ships it (upstream plus Debian's security patches) into a folder.
#
#   fetch-cjson.sh TARGET_DIR
#
# Why Debian's: plain 1.7.15 lacks five security fixes that Debian's patches carry, and libcjson-dev
# has native binaries only, while WebAssembly needs the source. Nothing of it is committed: the version
# and the hashes below pin it. apt's own settings say where Debian's archive is; the index is kept in
# TARGET_DIR, so that neither root nor a change of the system's source list is needed.
set -eu

version=1.7.15-1+deb12u4
sha256_c=5c5ab83a24eecfebc25b6aa4d47dbdb5f23d1baec92de75fec5f0528dbe255a7
sha256_h=c25b54ebc98e814eb7b3eeaf12ce899806f87ff5a275b20a3b77dbb3968e5d0b

target=$1
verify() {
  printf '%s  %s\n' "$sha256_c" "$1/cJSON.c" "$sha256_h" "$1/cJSON.h" | sha256sum --check --status 2>/dev/null
}
verify "$target" && exit 0

fail() {
  echo "fetch-cjson: $1" >&2
  echo "fetch-cjson: unpack Debian's source package cjson $version yourself and configure with -DCJSON_SOURCE_DIR=<folder with cJSON.c>" >&2
  exit 1
}
command -v dpkg-source >/dev/null || fail "dpkg-source is missing (apt-get install dpkg-dev)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/sources.d" "$work/src"
# The same archives that apt installs from, asked for sources instead of binaries.
apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' \
  'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt knows no Debian archive (run apt-get update first)"

apt_private() {
  apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts="$work/sources.d" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= \
    -o APT::Sandbox::User= "$@"
}
apt_private update >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt-get update failed"; }
(cd "$work/src" && apt_private source "cjson=$version") >>"$work/log" 2>&1 ||
  { cat "$work/log" >&2; fail "apt-get source cjson=$version failed"; }

mkdir -p "$target"
cp "$work"/src/cjson-*/cJSON.c "$work"/src/cjson-*/cJSON.h "$work"/src/cjson-*/LICENSE "$target"/
verify "$target" || fail "the source of cjson $version is not the pinned one"
