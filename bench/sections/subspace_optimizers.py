"""Steps of low-rank optimizers beside the products they are made of and beside the published implementations."""

from peers.low_rank import PEERS

ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2097152000"}
INTERVAL = 200


def amortised(ordinary, refresh):
    return ordinary + (refresh - ordinary) / INTERVAL if refresh else ordinary


def measure(bench):
    ours = bench.ours("low_rank", "tiny")
    peers = {peer: bench.peer("low_rank", peer, "tiny", environment=ALLOCATOR) for peer in PEERS}
    galore, finder = peers["galore"], peers["galore-rangefinder"]
    rows = [("`method: range_finder`", ours["ordinary"], ours["refresh"]["range_finder"], ours["state_mb"]),
            ("the same with `moments: keep`, as galore-torch", ours["ordinary"], ours["refresh"]["range_finder_keep"],
             ours["state_mb"]),
            ("`method: randomized_svd` (p = 8, a power iteration)", ours["ordinary"], ours["refresh"]["randomized_svd"], ours["state_mb"]),
            ("the same with p = 0 and no power iteration", ours["ordinary"], ours["refresh"]["randomized_svd_p0"], ours["state_mb"]),
            ("`precision: bfloat16`", ours["bfloat16"], None, ours["state_mb"]),
            ("`rule: adam_8bit`", ours["adam_8bit"], None, ours["state_mb_8bit"]),
            ("`residual: raw`", ours["raw"], None, ours["state_mb"]), ("`residual: fira`", ours["fira"], None, ours["state_mb"])]
    rows += [(name, peer["ordinary"], peer["refresh"], peer["state_mb"]) for name, peer in peers.items()]
    text = f"""28 million weights in 28 matrices (768 wide, four layers of a Llama), r = 128, float32, the optimizer's step alone; processor
milliseconds, medians. The two products of a step alone, down into the subspace and up into the weights: {ours["products"]:.0f} ms.

| | ordinary step | over the products | step with refresh | mean over {INTERVAL} steps | state MiB |
|---|---|---|---|---|---|
"""
    for name, ordinary, refresh, state in rows:
        over = f"{ordinary / ours['products']:.2f}×"
        text += (f"| {name} | {ordinary:.0f} | {over} | {f'{refresh:.0f}' if refresh else '–'} | {amortised(ordinary, refresh):.0f} "
                 f"| {state:.1f} |\n")
    text += f"""
Goals: an ordinary step at most 1.05 times its products: **{ours["ordinary"] / ours["products"]:.2f}×**; a refresh 16 times faster than galore-torch's:
**{galore["refresh"] / ours["refresh"]["range_finder_keep"]:.1f}×** with the range finder, {galore["refresh"] / ours["refresh"]["range_finder"]:.1f}× where the
moments are carried to the new subspace, which galore-torch does not do, {galore["refresh"] / ours["refresh"]["randomized_svd"]:.1f}× with the full randomized decomposition (galore-torch patched with a range
finder: {galore["refresh"] / finder["refresh"]:.1f}×); bfloat16 products 1.4 times faster: **{ours["ordinary"] / ours["bfloat16"]:.2f}×**.

`refresh_stagger`, one matrix in every second step:

| | median step | largest step | largest over median (goal 1.3) | mean |
|---|---|---|---|---|
"""
    for name, found in ours["staggered"].items():
        text += (f"| `{name}` | {found['median']:.0f} ms | {found['largest']:.0f} ms | **{found['largest'] / found['median']:.2f}** "
                 f"| {found['mean']:.0f} ms |\n")
    text += f"\nWith the paired basis that LORENZA's probes need the state is {ours['state_mb_paired']:.1f} MiB.\n"
    return "Subspace optimizers", text
