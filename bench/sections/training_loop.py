"""The price of the trainer beside bare loops."""

from write_performance import duration


def measure(bench):
    ours = bench.ours("training_loop")
    peers = bench.peer("training_loop", stdin=bench.digits)
    rows = [
        ("trainer", ours["trainer"]),
        ("trainer, 2 batches prefetched", ours["trainer_prefetch"]),
        ("bare LibTorch loop, the same fused AdamW kernel", ours["bare_fused"]),
        ("bare LibTorch loop, torch::optim::AdamW", ours["bare_libtorch"]),
        ("PyTorch eager, AdamW(fused=True)", peers["pytorch_fused"]),
        ("PyTorch eager, AdamW", peers["pytorch_default"]),
    ]
    table = "".join(f"| {name} | {duration(value)} | {ours['trainer'] / value:.2f}× |\n" for name, value in rows)
    return "Training loop", f"""Digits, batch 64, perceptron 64–128–128–10, float32, AdamW; seconds per step, medians of rounds in turns.

| loop | per step | trainer's time over it |
|---|---|---|
{table}
What the trainer does beside a bare loop: seeding the noise of the step, the running mean of the loss, the check that it is finite,
a record at every tenth step. A background thread pays off when preparing a batch costs more than handing it over
(about 10 µs); for data in memory it does not, so `prefetch` is 0 by default.
"""
