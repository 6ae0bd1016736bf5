#!/usr/bin/env bash
# The language model, low-rank and sharpness-aware benchmarks on a GPU, ours and the peers', as JSON lines on the standard output.
# usage: bench/gpu/run.sh BUILD [350M|1B]     BUILD: a build of the preset `cuda`; peers: bench/run.sh fetches them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=${1:?usage: bench/gpu/run.sh BUILD [350M|1B]}
model=${2:-350M}
python=.deps/python-bench/bin/python
decoder=(1024 12 16 32000 16 512) # width, layers, heads, vocabulary, batch, length
ninja -C "$build" bench_language_model bench_low_rank bench_sharpness >&2
for dtype in fp32 bf16; do
  "$build/bench/bench_language_model" train config=smollm2-135m batch=16 seq=1024 "dtype=$dtype" device=cuda repeat=10
  for peer in eager compile; do
    "$python" bench/peers/lm_train.py --config smollm2-135M --batch 16 --seq 1024 --dtype "$dtype" --device cuda --peer "$peer" --repeat 10
  done
done
"$build/bench/bench_language_model" generate config=smollm2-135m weights=bfloat16 device=cuda new-tokens=128
"$python" bench/peers/lm_train.py --config smollm2-135M --mode generate --dtype bf16 --device cuda --new-tokens 128
"$build/bench/bench_low_rank" "$model" cuda
for peer in adamw galore galore-rangefinder pytorch-optimizer-galore apollo fira; do
  "$python" bench/peers/low_rank.py "$peer" "$model" cuda
done
"$build/bench/bench_sharpness" cuda "${decoder[@]}"
for peer in adamw sam adazo_sam pytorch-optimizer-sam; do
  "$python" bench/peers/sharpness.py "$peer" cuda "${decoder[@]}"
done
