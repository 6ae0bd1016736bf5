"""Tokens per second of training Llama-type models: ours, and the Hugging Face library eager and compiled, as its users
run it and with the allocator setting that ours makes for itself."""

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2097152000", "MALLOC_TOP_PAD_": "67108864"}
ROUNDS = 2
# name, peer's name, batch, sequence length, timed steps
SIZES = [("15M", "15M", 4, 128, 4), ("smollm2-135m", "smollm2-135M", 2, 128, 2)]


def peer(bench, name, dtype, how, environment, size):
    _, config, batch, seq, repeat = size
    return bench.peer("lm_train", "--config", config, "--batch", batch, "--seq", seq, "--dtype", dtype, "--peer", how,
                      "--repeat", repeat, "--threads", 1, environment=environment)


def rate(rounds, tokens):
    """Tokens per second of processor time in the best round: what others on the machine disturb least."""
    return max(tokens * 1e3 / r["cpu_ms_per_step_min"] for r in rounds)


def measure(bench):
    text = ("Forward pass, mean cross-entropy, backward pass and AdamW of one batch; tokens per second of processor time, best of "
            f"{ROUNDS} rounds in turns. Peak memory is that of the process. Weights are random, the head is tied, one thread. "
            "\"allocator\": glibc keeps large blocks (`MALLOC_MMAP_THRESHOLD_`, `MALLOC_TRIM_THRESHOLD_`), as Talweg sets for "
            "itself.\n")
    for size in SIZES:
        name, _, batch, seq, repeat = size
        tokens = batch * seq
        text += (f"\n### {name}, {batch} sequences of {seq} tokens\n\n| | float32: tokens/s | Talweg's over it | peak MB | "
                 "bfloat16: tokens/s | Talweg's over it | peak MB |\n|---|---|---|---|---|---|---|\n")
        rows = {}
        for dtype in ("fp32", "bf16"):
            ways = {"**Talweg**": lambda: bench.ours("language_model", "train", f"config={name}", f"batch={batch}", f"seq={seq}",
                                                     f"dtype={dtype}", f"repeat={repeat}"),
                    "**Talweg**, activation checkpointing": lambda: bench.ours(
                        "language_model", "train", f"config={name}", f"batch={batch}", f"seq={seq}", f"dtype={dtype}",
                        f"repeat={repeat}", "checkpointing=1"),
                    "transformers, eager": lambda: peer(bench, name, dtype, "eager", {}, size),
                    "transformers, eager, allocator": lambda: peer(bench, name, dtype, "eager", ALLOCATOR, size),
                    "transformers, compiled, allocator": lambda: peer(bench, name, dtype, "compile", ALLOCATOR, size)}
            found = {}
            for _ in range(ROUNDS):
                for way, run in ways.items():
                    found.setdefault(way, []).append(run())
            ours = rate(found["**Talweg**"], tokens)
            for way, rounds in found.items():
                speed = rate(rounds, tokens)
                memory = min(r["peak_mem_mb"] for r in rounds)
                rows.setdefault(way, []).append(f"{speed:.0f} | {ours / speed:.2f}× | {memory:.0f}")
        text += "".join(f"| {way} | " + " | ".join(cells) + " |\n" for way, cells in rows.items())
    return "Language model training", text + "\nGoals: ≥ 1.25× eager as users run it, ≥ 1.05× eager with the allocator setting.\n"
