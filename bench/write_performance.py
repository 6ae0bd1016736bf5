"""Turns the numbers of bench/run.sh into docs/performance.md."""

import json
import os
import pathlib
import platform
import subprocess
import sys

work, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
load = lambda name: json.loads((work / name).read_text())
ours, peers, startup, csv_peer = load("ours.json"), load("peers.json"), load("startup.json"), load("csv_peer.json")
readers = {b["name"]: b["bytes_per_second"] / 1e6 for b in load("readers.json")["benchmarks"]}
processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
privacy, privacy_peers = load("privacy.json"), load("privacy_peers.json")


def us(seconds):
    return f"{seconds * 1e6:.0f} µs"


rows = [
    ("trainer", ours["trainer"]),
    ("trainer, 2 batches prefetched", ours["trainer_prefetch"]),
    ("bare LibTorch loop, the same fused AdamW kernel", ours["bare_fused"]),
    ("bare LibTorch loop, torch::optim::AdamW", ours["bare_libtorch"]),
    ("PyTorch eager, AdamW(fused=True)", peers["pytorch_fused"]),
    ("PyTorch eager, AdamW", peers["pytorch_default"]),
]
text = f"""# Performance

Written by `bench/run.sh` (commit {commit}, {processor}, {os.environ["OMP_NUM_THREADS"]} thread, Python {platform.python_version()},
torch 2.11.0). Times belong to that machine; the ratios are of one run.

## Training loop

Digits, batch 64, perceptron 64–128–128–10, float32, AdamW; seconds per step, medians of rounds in turns.

| loop | per step | trainer's time over it |
|---|---|---|
"""
text += "".join(f"| {name} | {us(value)} | {ours['trainer'] / value:.2f}× |\n" for name, value in rows)
text += f"""
What the trainer does beside a bare loop: seeding the noise of the step, the running mean of the loss, the check that it is finite,
a record at every tenth step. A background thread pays off when preparing a batch costs more than handing it over
(about 10 µs); for data in memory it does not, so `prefetch` is 0 by default.

## Start-up (whole process)

| command | time | goal |
|---|---|---|
| `talweg --help` | {startup["help"] * 1e3:.1f} ms | < 50 ms |
| `talweg version` (loads LibTorch) | {startup["version"] * 1e3:.0f} ms | |
| quickstart with one step, two evaluations, checkpoint and report | {startup["first_step"]:.2f} s | < 1.5 s |

## Text readers

| reader | MB/s |
|---|---|
| CSV | {readers["csv"]:.0f} |
| LIBSVM | {readers["libsvm"]:.0f} |
| numpy.loadtxt on CSV | {csv_peer["numpy_loadtxt"]:.0f} |

## Privacy accounting

Milliseconds for one answer (medians), noise multiplier 1.1, sampling rate 0.01, 10 000 steps, δ = 1e-5. Goals: PLD below 100 ms, RDP
below 1 ms.

| accountant | time | ε |
|---|---|---|
"""
mine, others = next(iter(privacy.values())), next(iter(privacy_peers.values()))
text += f"| `pld`, both directions, both bounds | {mine['pld'][0] * 1e3:.1f} ms | {mine['pld'][1]:.4f} to {mine['pld'][2]:.4f} |\n"
text += f"| `sgm_rdp` | {mine['rdp'][0] * 1e3:.3f} ms | {mine['rdp'][1]:.4f} |\n"
text += "".join(f"| {name} | {seconds * 1e3:.1f} ms | {epsilon:.4f} |\n" for name, (seconds, epsilon) in others.items())
text += """
Not measured on a GPU yet.
"""
output.write_text(text)
print(text)
