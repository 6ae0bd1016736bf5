#!/usr/bin/env bash
# Runs the configurations that state what they should show and writes the verdicts to docs/reproduction.md.
# usage: scripts/reproduce.sh [CONFIG_OR_FOLDER…]   (default: configs/quickstart.yaml configs/paper, which takes a while)
# Without arguments the page is written; with them the verdicts are only printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
[ $# -gt 0 ] && exec ./talweg reproduce "$@" --quiet

table=$(mktemp)
trap 'rm -f "$table"' EXIT
code=0
./talweg reproduce configs/quickstart.yaml configs/paper --quiet --table "$table" || code=$?
[ -s "$table" ] || exit "$code"
{
  cat <<TEXT
# Reproduction

Written by \`scripts/reproduce.sh\`: every configuration below states in its \`expect:\` section what a theory, a paper or an independent
computation says, and was run with the seeds it names. One of them: \`./talweg reproduce configs/paper/armijo/bandit.yaml\`.

$(date -u +%Y-%m-%d), commit $(git rev-parse --short=12 HEAD), $(uname -m), LibTorch 2.11.0 on $OMP_NUM_THREADS thread(s) of a processor. $(grep -c '| met |' "$table") of \
$(($(wc -l <"$table") - 2)) expectations met.

TEXT
  cat "$table"
} >docs/reproduction.md
exit "$code"
