#!/bin/sh
# Which lines and branches of src/core and src/base their tests reach, as `./run coverage` prints it. Exit status 1 below
# 100 % of either.
set -eu
cd "$(dirname "$0")/../build/coverage"

rm -f ./*.profraw
objects=
for test in tests/c/base/test_base_* tests/c/core/test_core_*; do
  [ -f "$test" ] && [ -x "$test" ] || continue
  LLVM_PROFILE_FILE="$(basename "$test").profraw" "$test" >"$(basename "$test").log" 2>&1 ||
    { cat "$(basename "$test").log"; exit 1; }
  objects="$objects -object $test"
done
llvm-profdata merge -sparse ./*.profraw -o core.profdata

# shellcheck disable=SC2086 # a list of options
set -- $objects
shift # the first program is named without -object
first=$1
shift
llvm-cov export -summary-only "$first" "$@" -instr-profile=core.profdata ../../src/core ../../src/base >core.json
llvm-cov show "$first" "$@" -instr-profile=core.profdata -show-branches=count ../../src/core ../../src/base >core.txt
node -e '
  const { files, totals } = JSON.parse(require("fs").readFileSync("core.json")).data[0];
  const row = (name, { lines, branches }) =>
    console.log(name.padEnd(14), `lines ${lines.covered}/${lines.count}`.padEnd(18), `branches ${branches.covered}/${branches.count}`);
  for (const { filename, summary } of files) if (summary.lines.count) row(filename.split("/").pop(), summary);
  row("all", totals);
  const full = totals.lines.covered == totals.lines.count && totals.branches.covered == totals.branches.count;
  console.log(full ? "100 % of lines and branches" : "NOT 100 %: see build/coverage/core.txt");
  process.exit(full ? 0 : 1);'
