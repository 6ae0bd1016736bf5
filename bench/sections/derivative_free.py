"""Searches by values alone beside pycma, Py-BOBYQA, NLopt and SciPy; evaluations a second; the price of asking a program."""

import json
import pathlib
import statistics
import subprocess
import tempfile
import time

SEEDS = 10
TOLERANCE = 1e-3
WORKER = """\
import random, sys, time
for line in sys.stdin:
    time.sleep(0.005)
    print(random.random(), flush=True)
"""
SEARCH = """\
name: asked
task:
  type: black_box
  oracle: {type: program, command: [python3, worker.py], folder: ., over: {x: -1..1}, workers: 2}
  budget: {evaluations: 2000}
  answer: {evaluations: 2}
optimizer: {type: kiefer_wolfowitz, draws: 500}
training: {log_every: 1000, evaluate_every: 1000}
"""


def solved(table, problems, bounds):
    """Share of problems and seeds whose gap is within the bound."""
    hits = [gap is not None and gap <= bounds[problem] for problem in problems for gap in table[problem]]
    return sum(hits) / len(hits)


def share_table(bench, noise, gradients, problems, starts):
    everyone = {**bench.ours("derivative_free", "search", noise, gradients, SEEDS, *problems),
                **{f"*{name}*": row for name, row in
                   bench.peer("dfo_compare", "search", noise, gradients, SEEDS, *problems).items()}}
    best = {p: min(gap for row in everyone.values() for gap in row[p] if gap is not None) for p in problems}
    bounds = {p: best[p] + TOLERANCE * (starts[p] - best[p]) for p in problems}
    return {name: solved(row, problems, bounds) for name, row in everyone.items()}


def program_overhead(bench):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "worker.py").write_text(WORKER)
        (folder / "asked.yaml").write_text(SEARCH)
        begin = time.perf_counter()
        lines = "{}\n" * 1000
        workers = [subprocess.Popen(["python3", "worker.py"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                   for _ in range(2)]
        for worker in workers:
            worker.stdin.write(lines.encode())
            worker.stdin.close()
        for worker in workers:
            worker.wait()
        alone = time.perf_counter() - begin
        subprocess.run([bench.program, "train", folder / "asked.yaml", "--output", folder / "run", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        ours = json.loads((folder / "run/summary.json").read_text())["seconds"]
        answers = len((folder / "run/evaluations.jsonl").read_text().splitlines())
    # Searches may end early, and answers of the recommended point come on top: the price is that of one answer.
    assert answers >= 2000, f"the search ended after {answers} answers"
    return ours / answers, alone / 2000


def measure(bench):
    problems = json.loads(bench.python(bench.build.parents[1] / "bench/peers/dfo_compare.py", "problems"))
    starts = dict(zip(problems, (24.2, 215, 41.6817, 1031.15, 7.92669e6, 16.4308, 0.0464282, 904, 56.5)))
    columns = [(noise, gradients) for noise in (1e-3, 1e-2) for gradients in (100,)]
    shares = {column: share_table(bench, *column, problems, starts) for column in columns}
    text = (f"Share of {len(problems)} problems of Moré and Wild × {SEEDS} seeds that are solved to {TOLERANCE:g} (of the way from the "
            "start to the best that anybody reached) with a budget of so many simplex gradients, n + 1 evaluations each; noise on every "
            "component; peers in italics.\n\n")
    text += "| optimizer | " + " | ".join(f"noise {noise:g}, {gradients}" for noise, gradients in columns) + " |\n"
    text += "|---|" + "---|" * len(columns) + "\n"
    for name in shares[columns[0]]:
        text += f"| {name} | " + " | ".join(f"{shares[column][name]:.2f}" for column in columns) + " |\n"
    ours, peers = bench.ours("derivative_free", "function79", 5), bench.peer("dfo_compare", "function79", 1)
    text += "\nFunction 79 (d = 64, σ = 1, 128 000 evaluations), medians of F at the end, ours of 5 seeds, the peer's of one: "
    text += ", ".join([f"`{name}` {statistics.median(gaps):.3g}" for name, gaps in ours.items()] +
                      [f"{name} {statistics.median(gaps):.3g}" for name, gaps in peers.items()]) + ".\n"
    speed = bench.ours("derivative_free", "speed")
    text += "\nObservations a second of functions that are built in, noise and counting included:\n\n"
    text += "| oracle | a point once | a point 100 times |\n|---|---|---|\n"
    text += "".join(f"| `{name}` | {once:.2g} | {often:.2g} |\n" for name, (once, often) in speed.items())
    ours, alone = program_overhead(bench)
    text += (f"\nAn answer of a program that takes 5 ms for each, two workers, 2000 answers: {ours * 1e3:.3f} ms with the log on disk; "
             f"the two processes by themselves, fed from a pipe, {alone * 1e3:.3f} ms: {ours / alone:.3f} times.\n")
    return "Searches by values alone", text
