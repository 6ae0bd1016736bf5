"""A private step over a plain one: ours, Opacus, vmap and one example at a time, each against the plain step of its own
framework; time and memory."""


from peers.dp_sgd import PEERS

OURS = ["sgd", "ghost", "materialise", "loop"]
GOALS = {"mlp": 1.8, "cnn": 1.35, "transformer": 1.25}
NAMES = {"ghost": "**`backend: ghost`**", "materialise": "`backend: materialise`", "loop": "`backend: loop`"}
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2097152000"}
ROUNDS = 2


def steps_of(name):
    return 4 if name in ("loop", "one-at-a-time") else 20


def measure_ours(bench, model, batch, how):
    return bench.ours("dp_sgd", model, batch, how, steps_of(how))


def best(rounds):
    """Lowest time over rounds in turns, smallest peak: what the others on the machine disturb least."""
    return {key: min(r[key] for r in rounds) for key in ("cpu_ms_per_step_min", "peak_mem_mb")}


def measure(bench):
    text = ("Processor time and peak memory of the process for one step with flat clipping and noise, over those of the plain SGD "
            "step of the same framework (C++ on LibTorch, or Python), same threads and allocator settings; lowest of "
            f"{ROUNDS} rounds in turns.\n")
    for model, goal in GOALS.items():
        text += f"\n### {model} (goal: time ≤ {goal}×, memory ≤ 1.15×)\n\n| | batch 64: time | ms | memory | batch 256: time | ms | memory |\n|---|---|---|---|---|---|---|\n"
        cells = {}
        for batch in (64, 256):
            found = {}
            for _ in range(ROUNDS):
                for how in OURS:
                    found.setdefault("talweg " + how, []).append(measure_ours(bench, model, batch, how))
                for peer in PEERS:
                    found.setdefault(peer, []).append(bench.peer("dp_sgd", model, batch, peer, steps_of(peer), environment=ALLOCATOR))
            numbers = {key: best(value) for key, value in found.items()}
            for key, value in numbers.items():
                plain = numbers["talweg sgd" if key.startswith("talweg ") else "sgd"]
                time, memory = (value[k] / plain[k] for k in ("cpu_ms_per_step_min", "peak_mem_mb"))
                cells.setdefault(key, []).append(f"{time:.2f}× | {value['cpu_ms_per_step_min']:.2f} | {memory:.2f}×")
        for key, row in cells.items():
            name = NAMES.get(key.removeprefix("talweg "), "plain SGD, LibTorch" if key == "talweg sgd" else "plain SGD, PyTorch" if key == "sgd" else key)
            text += f"| {name} | " + " | ".join(row) + " |\n"
    return "Differential privacy", text
