"""Measures what two ranks exchange over a link of known speed, checks the alpha-beta model of a step against it, and prints
the model for 8 to 1024 GPUs: writes docs/scaling.md and its plot.

    scaling.py BUILD     as root (network namespaces); needs ip, tc and gnuplot
"""

import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/distributed"))
from two_hosts import ADDRESSES, INTERFACES, inside, limited, two_hosts  # noqa: E402

LINK_MBIT = 1000
LATENCY = 1e-4  # seconds a message takes beside its bytes, through Gloo between two namespaces
STEPS = 24

WIDTH, LAYERS, FEED_FORWARD, RANK = 256, 4, 688, 32
CONFIG = f"""\
name: scaling
device: cpu
task:
  type: language_modeling
  length: 64
  data: {{type: word_chain, length: 20000}}
  model: {{type: llama, width: {WIDTH}, layers: {LAYERS}, heads: 4, feed_forward: {FEED_FORWARD}}}
  evaluation: {{share: 0.05}}
optimizer: {{type: adamw}}
training: {{steps: {STEPS}, batch_size: 16, log_every: 1, evaluate_every: 1000}}
checkpoint: {{every: 1000}}
"""
LOW_RANK = ["optimizer.type=galore", f"optimizer.subspace={{rank: {RANK}, interval: 1000}}"]


# --- the model -----------------------------------------------------------------------------------------------------------

def all_reduce(size, ranks, bandwidth, latency, messages=1):
    """Seconds of an all-reduce of `size` bytes: by a ring every rank sends 2(p-1)/p of them, in 2(p-1) rounds a message; by
    trees twice all of them, in 2 log2 p rounds. Libraries take what is faster."""
    if ranks == 1:
        return 0
    ring = 2 * (ranks - 1) / ranks * size / bandwidth + 2 * (ranks - 1) * latency * messages
    tree = 2 * size / bandwidth + 2 * math.log2(ranks) * latency * messages
    return min(ring, tree)


def step(forward, backward, size, ranks, bandwidth, latency, overlaps, bucket=25 << 20):
    """Seconds of a step. Buckets that overlap leave behind what the backward pass did not cover, and the last bucket."""
    messages = max(1, -(-size // bucket))
    exchange = all_reduce(size, ranks, bandwidth, latency, messages)
    if not overlaps or ranks == 1:
        return forward + backward + exchange
    last = all_reduce(min(size, bucket), ranks, bandwidth, latency)
    return forward + max(backward, exchange - last) + last


class Llama:
    """Sizes of a decoder: what a step computes and what it exchanges."""

    def __init__(self, name, width, layers, feed_forward, vocabulary, tied=False):
        self.name, self.vocabulary = name, vocabulary
        self.matrices = ([(width, width)] * 4 + [(feed_forward, width)] * 2 + [(width, feed_forward)]) * layers
        self.others = vocabulary * width * (1 if tied else 2) + (2 * layers + 1) * width

    def parameters(self):
        return sum(m * n for m, n in self.matrices) + self.others

    def full(self, element):
        return self.parameters() * element

    def projected(self, rank, element):
        return (sum(min(rank, m, n) * max(m, n) for m, n in self.matrices) + self.others) * element

    def sketches(self, rank, oversampling, products, element):
        """Of one refresh: `products` sums of [max or min(m, n), rank + oversampling]."""
        return sum(products * min(rank + oversampling, m, n) * max(m, n) for m, n in self.matrices) * element


# --- the measurement -----------------------------------------------------------------------------------------------------

def measure(program, ranks, settings, folder, label):
    """Median seconds of a step and bytes a step."""
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    processes = []
    for rank in range(ranks):
        sets = []
        for setting in settings + [f"distributed.interface={INTERFACES[rank]}"]:
            sets += ["--set", setting]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        if ranks > 1:
            environment |= {"RANK": str(rank), "WORLD_SIZE": str(ranks), "MASTER_ADDR": ADDRESSES[0], "MASTER_PORT": "29571"}
        processes.append(subprocess.Popen(
            [*inside(rank), program, "train", config, "--output", folder / label, "--quiet", *sets],
            env=environment))
    if any(process.wait() for process in processes):
        sys.exit(f"{label} failed")
    records = [json.loads(line) for line in (folder / label / "metrics.jsonl").read_text().splitlines()]
    records = [record for record in records if "train/loss" in record]
    times = [b["seconds"] - a["seconds"] for a, b in zip(records[4:], records[5:])]
    return statistics.median(times), records[-1].get("distributed/bytes_per_step", 0)


def measured(program):
    with two_hosts(limited(LINK_MBIT)), tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        half = ["training.batch_size=8"]
        found = {
            "alone": measure(program, 1, half, folder, "alone"),
            "alone, low rank": measure(program, 1, half + LOW_RANK, folder, "alone-low-rank"),
            "one bucket": measure(program, 2, ["distributed.bucket_megabytes=1000"], folder, "one-bucket"),
            "buckets": measure(program, 2, ["distributed.bucket_megabytes=1"], folder, "buckets"),
            "bfloat16": measure(program, 2, ["distributed.bucket_megabytes=1", "distributed.compression=bfloat16"], folder,
                                "bfloat16"),
            "projected": measure(program, 2, LOW_RANK, folder, "projected"),
        }
    return found


# --- the page ------------------------------------------------------------------------------------------------------------

GPUS = [8, 16, 32, 64, 128, 256, 512, 1024]
NODE, NODE_LINK = 8, (300e9, 5e-6)  # GPUs of a node, and what connects them
LINKS = {"400 Gbit/s a GPU": (50e9, 10e-6), "100 Gbit/s a node": (12.5e9, 20e-6)}  # a ring leaves each node once
MODEL = Llama("1B", 2048, 24, 5461, 32000)
TOKENS, FLOPS, MODEL_RANK, INTERVAL = 8192, 4e14, 512, 200


def scenario(method, gpus, bandwidth, latency):
    if gpus <= NODE:
        bandwidth, latency = NODE_LINK
    compute = 6 * MODEL.parameters() * TOKENS / FLOPS
    forward, backward = compute / 3, compute * 2 / 3
    if method == "lorenza":
        size = MODEL.projected(MODEL_RANK, 4) + MODEL.sketches(MODEL_RANK, 0, 2, 4) / INTERVAL
        return step(forward, backward, size, gpus, bandwidth, latency, overlaps=False)
    return step(forward, backward, MODEL.full(4), gpus, bandwidth, latency, overlaps=True)


def plot(rows, path):
    """Tokens per second and GPU over the number of GPUs."""
    script = [f"set terminal svg size 720,460 background 'white' font 'Helvetica,13'\nset output '{path}'\nset logscale x 2\nset xlabel 'GPUs'\n"
              "set ylabel 'tokens/s a GPU, of those alone (%)'\nset yrange [0:105]\nset key below maxrows 2\nset grid\nset xtics (" +
              ", ".join(map(str, GPUS)) + ")\nplot " + ", ".join(
                  f"'-' with linespoints lw 2 title '{link}: {method}'" for link in LINKS for method in ("whole gradients", "projections"))]
    for link in LINKS:
        for method in ("adamw", "lorenza"):
            script.append("\n".join(f"{gpus} {100 * rows[link, method, gpus]}" for gpus in GPUS) + "\ne")
    subprocess.run(["gnuplot"], input="\n".join(script), text=True, check=True)


def main():
    program = pathlib.Path(sys.argv[1]).resolve() / "app/talweg"
    found = measured(program)
    model = Llama("small", WIDTH, LAYERS, FEED_FORWARD, 0)
    bandwidth = LINK_MBIT * 1e6 / 8 * 0.95  # headers of Ethernet, IP and TCP
    alone, low_rank = found["alone"][0], found["alone, low rank"][0]
    predict = {
        "one bucket": step(alone / 3, alone * 2 / 3, found["one bucket"][1], 2, bandwidth, LATENCY, False, 1 << 40),
        "buckets": step(alone / 3, alone * 2 / 3, found["buckets"][1], 2, bandwidth, LATENCY, True, 1 << 20),
        "bfloat16": step(alone / 3, alone * 2 / 3, found["bfloat16"][1], 2, bandwidth, LATENCY, True, 1 << 19),
        "projected": step(low_rank / 3, low_rank * 2 / 3, found["projected"][1], 2, bandwidth, LATENCY, False),
    }
    names = {"one bucket": "whole gradient, one bucket: nothing overlaps", "buckets": "whole gradient, buckets of 1 MiB",
             "bfloat16": "the same, rounded to bfloat16", "projected": f"projections of rank {RANK}"}
    whole = found["one bucket"][1]
    others = whole - 4 * sum(m * n for m, n in model.matrices)  # what is not projected
    of_matrices = (found["projected"][1] - others) / (whole - others)
    hidden = found["one bucket"][0] - found["buckets"][0]
    could = min(found["one bucket"][0] - alone, alone * 2 / 3)
    text = f"""# Scaling

Written by `bench/scaling.py`: what two ranks exchange here, a model of a step that is checked against it, and what the model says
of 8 to 1024 GPUs. The GPUs' numbers are a calculation; nothing was measured on one.

## Two ranks over a link of {LINK_MBIT} Mbit/s

A Llama-type decoder (width {WIDTH}, {LAYERS} layers), 8 sequences of 64 tokens a rank, float32, one thread a rank, two network namespaces of one
machine. Alone, a rank takes {1e3 * alone:.0f} ms for its part with AdamW and {1e3 * low_rank:.0f} ms with a low-rank optimizer. Medians.

| exchange | bytes a step | of the whole | step | model | measured over model |
|---|---|---|---|---|---|
"""
    for key, name in names.items():
        seconds, size = found[key]
        text += (f"| {name} | {size / 1e6:.2f} MB | {size / whole:.3f} | {1e3 * seconds:.0f} ms | {1e3 * predict[key]:.0f} ms | "
                 f"{seconds / predict[key]:.2f} |\n")
    text += f"""
Goal: projections take at most 1.1 times r/min(m, n) of the bytes. Of the matrices' bytes {of_matrices:.4f} were measured, with r/min(m, n) = {RANK}/{WIDTH} =
{RANK / WIDTH:.4f}: **{of_matrices * WIDTH / RANK:.2f} times**; embedding, head and norms travel whole. Overlap: buckets hide {1e3 * hidden:.0f} ms of the {1e3 * could:.0f} ms
that the backward pass could hide, **{100 * hidden / could:.0f} %**.

## The model

An all-reduce of B bytes among p ranks takes 2(p−1)/p · B/β + 2(p−1)·α a message by a ring and 2B/β + 2·log₂p·α by trees, whichever is
less: β bytes a second, α seconds a message (Thakur et al. 2005, Sanders et al. 2009). Whole gradients travel in buckets while the backward pass, two thirds of the computation, goes on; what it
does not cover, and the last bucket, comes on top. Projections are exchanged when the backward pass has ended: they are small, and
nothing hides them. A refresh of the subspaces exchanges two products of the size of a projection instead of the gradient.

A step of GaLore as its authors distribute it, and of AdamW, sends whole gradients: one curve.

## 8 to 1024 GPUs

Llama {MODEL.name} of the LORENZA paper ({MODEL.parameters() / 1e9:.2f} billion parameters), {TOKENS} tokens a GPU and step, {FLOPS / 1e12:.0f} TFLOP/s reached a GPU,
r = {MODEL_RANK}, a refresh every {INTERVAL} steps, gradients of float32: {MODEL.full(4) / 1e9:.2f} GB whole, {MODEL.projected(MODEL_RANK, 4) / 1e9:.2f} GB projected
(of which {MODEL.others * 4 / 1e9:.2f} GB are embedding and head). Within a
node of {NODE} GPUs {NODE_LINK[0] / 1e9:.0f} GB/s. Tokens a second and GPU, of those of a GPU alone:

![Efficiency over the number of GPUs](images/scaling.svg)

| link | method | """ + " | ".join(map(str, GPUS)) + " |\n|---|---|" + "---|" * len(GPUS) + "\n"
    rows = {}
    for link, (beta, alpha) in LINKS.items():
        for method in ("adamw", "lorenza"):
            for gpus in GPUS:
                rows[link, method, gpus] = scenario(method, 1, beta, alpha) / scenario(method, gpus, beta, alpha)
            label = "AdamW, GaLore: whole gradients" if method == "adamw" else "LORENZA: projections"
            text += f"| {link} | {label} | " + " | ".join(f"{100 * rows[link, method, gpus]:.0f} %" for gpus in GPUS) + " |\n"
    (ROOT / "docs/images").mkdir(exist_ok=True)
    plot(rows, ROOT / "docs/images/scaling.svg")
    (ROOT / "docs/scaling.md").write_text(text)
    print(f"docs/scaling.md: projected over whole {of_matrices:.4f} of the matrices' bytes")


if __name__ == "__main__":
    main()
