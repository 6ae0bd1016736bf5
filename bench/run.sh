#!/usr/bin/env bash
# Runs benchmarks beside their peers on this machine and writes their sections of docs/performance.md.
# usage: bench/run.sh [--vectors avx2] [SECTION…]   (bench/sections/SECTION.py; default: all)
# --vectors holds ours and the peers to narrower vectors than this processor has.
# Every ratio is of numbers measured in one run. Threads: OMP_NUM_THREADS (default 1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
build=$(scripts/setup.sh)
peers=.deps/python-bench
wanted=$(cat bench/peers/requirements*.txt | cksum)
if [ "$(cat "$peers/.complete" 2>/dev/null)" != "$wanted" ]; then
  echo "fetching the peers" >&2
  rm -rf "$peers"
  python3 -m venv "$peers" && "$peers/bin/pip" install -q -r bench/peers/requirements.txt &&
    "$peers/bin/pip" install -q --no-deps -r bench/peers/requirements-alone.txt && printf '%s' "$wanted" >"$peers/.complete"
fi
exec "$peers/bin/python" bench/write_performance.py "$build" "$@"
