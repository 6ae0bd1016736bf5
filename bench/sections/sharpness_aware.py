"""Steps of sharpness-aware optimizers over a step of AdamW of the same framework."""

from peers.sharpness import PEERS

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2097152000"}
NAMES = {"adamw": "`adamw`", "sam": "`sam`", "adazo_sam": "**`adazo_sam`**", "adazo_sam_half": "`adazo_sam`, `probe_fraction: 0.5`",
         "adazo_sam_quarter": "`adazo_sam`, `probe_fraction: 0.25`", "lorenza": "`lorenza`, rank 32, one probe"}
GOALS = {"adazo_sam": 1.70, "adazo_sam_quarter": 1.30}


def measure(bench):
    rounds = [bench.ours("sharpness") for _ in range(3)]
    ours = {name: min(r[name] for r in rounds) for name in rounds[0]}
    peers = {peer: min(bench.peer("sharpness", peer, environment=ALLOCATOR)["ms"] for _ in range(3)) for peer in PEERS}
    text = """A decoder of 4.2 million parameters (width 256, 4 layers, vocabulary 2048), batch 8 of 64 tokens, float32, processor
milliseconds, over AdamW of the same framework. In units of a forward pass AdamW costs 3, SAM 6, AdaZo-SAM with a central probe 5.

| | ms | over AdamW | goal |
|---|---|---|---|
"""
    for name in NAMES:
        text += f"| {NAMES[name]} | {ours[name]:.1f} | {ours[name] / ours['adamw']:.2f}× | {'≤ %.2f×' % GOALS[name] if name in GOALS else ''} |\n"
    for peer, ms in peers.items():
        text += f"| PyTorch: {peer} | {ms:.1f} | {ms / peers['adamw']:.2f}× | |\n"
    text += f"\nAdaZo-SAM over SAM: **{ours['adazo_sam'] / ours['sam']:.2f}×** (goal 0.85).\n"
    return "Sharpness-aware optimizers", text
