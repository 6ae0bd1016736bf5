#!/usr/bin/env bash
# Runs the benchmarks beside their peers on this machine and writes docs/performance.md.
# Every ratio is of numbers measured in this one run. Threads: OMP_NUM_THREADS (default 1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
build=$(scripts/setup.sh)
ninja -C "$build" bench_training_loop bench_data_readers bench_privacy_accounting >/dev/null
peers=.deps/python-bench
if [ ! -e "$peers/.complete" ]; then
  echo "fetching PyTorch for the peers" >&2
  python3 -m venv "$peers" && "$peers/bin/pip" install -q -r bench/peers/requirements.txt && touch "$peers/.complete"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "training loop" >&2
"$build/bench/bench_training_loop" >"$work/ours.json"
echo "its peers" >&2
gzip -dc core/data/bundled/digits.csv.gz | "$peers/bin/python" bench/peers/training_loop.py >"$work/peers.json"
echo "data readers" >&2
"$build/bench/bench_data_readers" --benchmark_format=json >"$work/readers.json" 2>/dev/null
gzip -dc core/data/bundled/digits.csv.gz | "$peers/bin/python" bench/peers/csv_reader.py >"$work/csv_peer.json"
echo "privacy accounting" >&2
"$build/bench/bench_privacy_accounting" >"$work/privacy.json"
"$peers/bin/python" bench/peers/privacy_accounting.py >"$work/privacy_peers.json"
echo "start-up" >&2
"$peers/bin/python" bench/startup.py "$build/app/talweg" >"$work/startup.json"
"$peers/bin/python" bench/write_performance.py "$work" docs/performance.md
