"""Neural mapping beside PyTorch: the hash grid, and an inner iteration."""


def measure(bench):
    rounds = [(bench.ours("mapping", "encode"), bench.peer("ramen", "encode", "eager"), bench.peer("ramen", "encode", "compile"))
              for _ in range(2)]
    least = [min((r[i] for r in rounds), key=lambda r: r["ms"]) for i in range(3)]
    if least[0]["grid_parameters"] != least[1]["grid_parameters"]:
        raise SystemExit("the grids are of different sizes")
    steps = [(bench.ours("mapping", "iteration"), bench.peer("ramen", "iteration")) for _ in range(3)]
    mine, theirs = min(s[0]["ms"] for s in steps), min(s[1]["ms"] for s in steps)
    return "Neural mapping", f"""The hash grid of 16 levels and {least[0]['grid_parameters']:,} numbers at 92,364 places (2148 rays of 43 samples), features and the gradient of
the table, float32, the least of rounds in turns, one thread; tiny-cuda-nn has no path for CPUs.

| | Talweg | PyTorch, compiled | ratio | PyTorch, eager | ratio |
|---|---|---|---|---|---|
| features and gradient | {least[0]['ms']:.0f} ms | {least[2]['ms']:.0f} ms | **{least[2]['ms'] / least[0]['ms']:.1f}×** | {least[1]['ms']:.0f} ms | {least[1]['ms'] / least[0]['ms']:.1f}× |

An inner iteration of configs/agents/rooms.yaml for one agent (128 rays of 27 samples, a grid of 96,240 numbers, frozen decoder, Adam), as `talweg train` makes it:
{mine:.2f} ms, eager PyTorch {theirs:.1f} ms, {theirs / mine:.1f} times as much.

Goals: the grid in 150 ms; a fifth of the eager iteration.
"""
