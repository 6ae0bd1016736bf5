"""Training and decoding of the chain-of-thought transformer beside PyTorch."""

from write_performance import duration

GOALS = {"train_float64_10": 2.5, "train_float32_10": 3}


def measure(bench):
    ours = bench.ours("in_context")
    peer = bench.peer("cot")
    rows = ""
    for precision in ("float64", "float32"):
        for kind, sizes in (("train", (10, 20, 40)), ("decode", (20, 40))):
            for size in sizes:
                name = f"{kind}_{precision}_{size}"
                what = f"training step, k = {size}" if kind == "train" else f"decode {size} tokens"
                goal = 8 if kind == "decode" else GOALS.get(name)
                compiled = peer.get(f"{name}_compiled")
                rows += f"| {what}, {precision} | {duration(ours[name])} | {duration(peer[name])} | {peer[name] / ours[name]:.1f}× |"
                rows += f" {duration(compiled)} | {compiled / ours[name]:.1f}× |" if compiled else " – | – |"
                rows += f" {f'≥ {goal}×' if goal else ''} |\n"
    return "Chain of thought", f"""One layer of linear attention, d = 10, n = 20. A training step draws 256 prompts, computes the loss of all k prefixes and its
gradient, and updates with Adam (fused in the peer); a decoding is that of 10,000 prompts. Processor time, medians.

| work | Talweg | PyTorch eager | ratio | torch.compile | ratio | goal |
|---|---|---|---|---|---|---|
{rows}"""
