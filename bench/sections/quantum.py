"""The simulator of quantum circuits beside qulacs and PennyLane Lightning, and the training of the paper."""

import json
import pathlib
import subprocess
import tempfile
import time

from write_performance import ROOT, duration

PEERS = {4: "qulacs", 8: "qulacs", 12: "qulacs", 16: "lightning", 18: "lightning", 20: "lightning"}


def two_threads(bench, qubits):
    """The least time on two threads, over that on one measured beside it."""
    one, two = (min(bench.ours("quantum", qubits, environment={"OMP_NUM_THREADS": threads})["ms"] for _ in range(2)) for threads in "12")
    return f"{duration(two / 1e3)} ({one / two:.2f}×)"


def measure(bench):
    text = """Value and gradient of ⟨Z₀⟩, ring ansatz of 4 layers, complex128, least wall time of rounds; every row in turns with its peer. All compute the
same value and gradient. "forward" is the share of copy bandwidth that a pass over the state reaches (a pass reads and writes it once; a copy of the same
state is measured beside it). "memory" is the peak in state vectors.

| qubits | Talweg | peer | ratio | passes forward | share of copy bandwidth | memory | two threads |
|---|---|---|---|---|---|---|---|
"""
    for qubits, peer in PEERS.items():
        rounds = [(bench.ours("quantum", qubits), bench.peer("qnn_pennylane", peer, qubits)) for _ in range(2)]
        mine, theirs = min((r[0] for r in rounds), key=lambda r: r["ms"]), min((r[1] for r in rounds), key=lambda r: r["ms"])
        for name in ("value", "gradient_norm"):
            if abs(mine[name] - theirs[name]) > 1e-9:
                raise SystemExit(f"{name} at {qubits} qubits: {mine[name]} here, {theirs[name]} by {peer}")
        large = qubits >= 16
        share = mine["passes"] * mine["copy_ms"] / mine["forward_ms"]
        text += (f"| {qubits} | {duration(mine['ms'] / 1e3)} | {peer} {duration(theirs['ms'] / 1e3)} | **{theirs['ms'] / mine['ms']:.1f}×** | {mine['passes']} | "
                 + (f"{share:.0%} | {mine['states']:.1f} | {two_threads(bench, qubits)} |\n" if large else "| | |\n"))
    batch = bench.ours("quantum", "batch")
    single = batch["function"]["1"]
    text += "\nGoals: faster than each peer; 70 % of copy bandwidth and 1.4 times Lightning at 20 qubits; at most 4 state vectors.\n"
    text += """
Circuits of four qubits side by side, microseconds a circuit and throughput over that of one:

| circuits | value and gradient | over one | through autograd | over one | by ordinary operations | over one |
|---|---|---|---|---|---|---|
"""
    for rows in ("1", "8", "64", "4096"):
        text += f"| {rows} |"
        for way in ("function", "autograd", "operations"):
            one, now = batch[way]["1"], batch[way][rows] / int(rows)
            text += f" {now * 1e3:.3g} µs | {one / now:.1f}× |"
        text += "\n"
    text += f"""
The goal of 20 times was set for circuits whose cost is that of calling operators: by ordinary operations 64 circuits have {64 * batch['operations']['1'] / batch['operations']['64']:.0f} times the throughput of one.
Here one circuit takes {single * 1e3:.0f} µs for all of it, {batch['operations']['1'] / single:.0f} times less than by operations, so that there is less to gain; 64 at once take {batch['operations']['64'] / batch['function']['64']:.0f} times less than 64 at once by operations.
"""
    with tempfile.TemporaryDirectory() as scratch:
        configuration = pathlib.Path(scratch) / "qstl.yaml"
        configuration.write_text(f"""name: qstl
task: {{type: contextual_forecast, data: {{type: random_walk, length: 10000}}}}
optimizer: {{type: adam, learning_rate: 0.05}}
training: {{steps: 3000, batch_size: 1, precision: float64, log_every: 1000, evaluate_every: 3000, stop_when_converged: false}}
""")
        begin = time.perf_counter()
        subprocess.run([bench.program, "train", configuration, "-o", f"{scratch}/run", "-q"], check=True, cwd=ROOT,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        whole = time.perf_counter() - begin
        training = json.loads((pathlib.Path(scratch) / "run/summary.json").read_text())["seconds"]
    text += (f"\nThe training of the paper, 32 angles and 3000 epochs on exact fidelities with Adam: {training:.1f} s, {whole:.1f} s with start, evaluation and report "
             "(goal: seconds).\n")
    return "Quantum circuits", text
