"""Recommendations from comparisons: value and gradient beside numpy, PyTorch and the library implicit."""


def measure(bench):
    ours, peers = bench.ours("comparisons")["kernel"], bench.peer("comparisons")
    text = """Value and gradient of the mean loss of two million comparisons (2000 users, 3000 items), million comparisons a second, the best of rounds,
one thread. numpy multiplies sparse matrices of a fixed pattern; "written" is PyTorch with the gradient written down; BPR is an epoch of implicit's, likes a second.

| factors | Talweg | two threads | numpy | PyTorch, written | PyTorch, autograd | implicit, BPR | over numpy | over BPR |
|---|---|---|---|---|---|---|---|---|
"""
    for key, mine in ours.items():
        peer = peers["steps"][key]
        bpr = peer.get("bpr")
        text += (f"| {key} | {mine['1'] / 1e6:.0f} | {mine['2'] / 1e6:.0f} ({mine['2'] / mine['1']:.2f}×) | {peer['numpy'] / 1e6:.1f} | {peer['pytorch'] / 1e6:.1f} | "
                 f"{peer['pytorch_autograd'] / 1e6:.1f} | {f'{bpr / 1e6:.1f}' if bpr else ''} | {mine['1'] / peer['numpy']:.1f}× | {f'''{mine['1'] / bpr:.1f}×''' if bpr else ''} |\n")
    agreement = peers["agreement"]
    text += f"""
Goals: 60 million a second at r = 3 in float64, twice implicit's BPR at r = 32 in float32, two threads 1.8×.

What likes lose: of 75,000 coin flips (200 × 300, r = 3, mean of three seeds) descent on comparisons orders {agreement['descent']:.3f} of random pairs as the truth does,
implicit's BPR, which must take winners as likes, {agreement['bpr']:.3f}.
"""
    return "Recommendations from comparisons", text
