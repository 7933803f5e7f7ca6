#!/bin/sh
# Fetches the source of cJSON that this release of Debian ships: upstream with Debian's security patches.
#
#   fetch-cjson.sh TARGET_DIR
#
# TARGET_DIR gets cJSON.c, cJSON.h, LICENSE, and VERSION with the version of Debian's source package. If the folder has
# these files already, nothing is fetched; delete the folder to fetch again.
#
# Debian's source is used because its patches fix vulnerabilities of plain 1.7.15. libcjson-dev is not enough, because
# it has native binaries only, and WebAssembly needs the source. No version is pinned, because an archive removes old
# versions; apt checks the archive's signature. The archive is the one in apt's settings. The package index goes to a
# temporary folder, so the script needs no root and changes no settings of the system.
set -eu

target=$1
[ -f "$target/VERSION" ] && [ -f "$target/cJSON.c" ] && [ -f "$target/cJSON.h" ] && [ -f "$target/LICENSE" ] && exit 0

fail() {
  echo "fetch-cjson: $1" >&2
  echo "fetch-cjson: The source of cJSON comes from Debian's archive. On another system, unpack cJSON 1.7.18 or newer and" >&2
  echo "fetch-cjson: configure with -DCJSON_SOURCE_DIR=FOLDER, where FOLDER has cJSON.c, cJSON.h and LICENSE." >&2
  exit 1
}
command -v apt-get >/dev/null || fail "apt-get is missing"
command -v dpkg-source >/dev/null || fail "dpkg-source is missing (on Debian: apt-get install dpkg-dev)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/sources.d" "$work/src" "$work/out"
# The archives that apt installs from, with source packages enabled.
apt-get indextargets --format 'deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' \
  'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt knows no Debian archive (on Debian: run apt-get update as root first)"

apt_private() {
  apt-get -q -o Dir::State::Lists="$work/lists" -o Dir::Etc::SourceList="$work/sources.list" \
    -o Dir::Etc::SourceParts="$work/sources.d" -o Dir::Cache::srcpkgcache= -o Dir::Cache::pkgcache= \
    -o APT::Sandbox::User= "$@"
}
apt_private update >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt-get update failed"; }
(cd "$work/src" && apt_private source cjson) >>"$work/log" 2>&1 || { cat "$work/log" >&2; fail "apt-get source cjson failed"; }

cp "$work"/src/cjson-*/cJSON.c "$work"/src/cjson-*/cJSON.h "$work"/src/cjson-*/LICENSE "$work/out/"
sed -n 's/^Version: *//p' "$work"/src/cjson_*.dsc | head -1 >"$work/out/VERSION"
[ -s "$work/out/VERSION" ] || fail "the source package of cJSON names no version"
# The folder appears complete or not at all, also if two builds are configured at once.
mkdir -p "$target"
for file in cJSON.c cJSON.h LICENSE VERSION; do
  cp "$work/out/$file" "$target/.$file.$$"
  mv "$target/.$file.$$" "$target/$file"
done
