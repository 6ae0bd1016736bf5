"""Line searches and their peers: seconds until logistic or softmax regression reaches a loss; the price of a search."""

import pathlib
import tempfile

from write_performance import duration

SETS = {"synthetic": ("separable, 2,000 × 100, margin 0.1", 2), "digits": ("digits, 1,797 × 65, 10 classes", 10),
        "breast_cancer": ("breast cancer, 569 × 31", 2), "large": ("separable, 10,000 × 200, margin 0.1", 2)}
TARGETS = ("0.1", "0.01", "0.0001")
NAMES = {"gd_ls": "**gd_ls**", "gd_ls without fast path": "**gd_ls**, one forward pass a trial",
         "gd_ls, shrink 0.9": "**gd_ls**, β = 0.9",
         "gd_ls, shrink 0.9, without fast path": "**gd_ls**, β = 0.9, one forward pass a trial",
         "lbfgs direction": "**armijo, direction lbfgs**", "sls": "**sls**, batch 100", "gd_smooth": "**gd_smooth** (1/L)"}


def measure(bench):
    text = "Seconds (steps) of the steps alone until the mean loss of unregularised logistic or softmax regression from θ = 0 is reached; float64.\n"
    with tempfile.TemporaryDirectory() as folder:
        for name, (title, classes) in SETS.items():
            file = pathlib.Path(folder) / f"{name}.csv"
            bench.python("bench/peers/line_search.py", "write", name, file)
            ours = bench.ours("line_search", "reach", file, classes)
            peers = bench.peer("line_search", "reach", file, classes)
            text += f"\n### {title}\n\n| method | " + " | ".join(f"loss {target}" for target in TARGETS) + " |\n|---|" + "---|" * len(TARGETS) + "\n"
            rows = {**{NAMES[key]: value for key, value in ours.items()}, **peers}
            for method, reached in rows.items():
                reached = {f"{float(key):g}": value for key, value in reached.items()}
                cells = [f"{duration(reached[t][0])} ({reached[t][1]})" if t in reached else "–" for t in TARGETS]
                text += f"| {method} | " + " | ".join(cells) + " |\n"
    network = bench.ours("line_search", "network")
    sgd = network.pop("sgd")["seconds"]
    text += f"""
### Search on a network

Convolutional network on digits, batch 64, float32: a step of SGD takes {duration(sgd)}. With a search (start `grow`; goal ≤ 1.45×):

| search | step | over SGD | trials a step |
|---|---|---|---|
"""
    for name, cost in network.items():
        text += f"| {name} | {duration(cost['seconds'])} | **{cost['seconds'] / sgd:.2f}×** | {cost['trials']:.2f} |\n"
    return "Line search", text
