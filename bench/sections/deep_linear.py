"""Deep linear networks: gradient descent steps beside numpy and PyTorch, many step sizes at once, the sharpness."""

from write_performance import duration


def measure(bench):
    ours, peers = bench.ours("deep_linear"), bench.peer("deep_linear")
    text = """Gradient descent on ½‖W₃W₂W₁ − M‖², float64, processor time of one thread, medians of rounds in turns. "kernel" is `models/deep_linear/factor_kernel.h`, "products" the six
matrix products of a step through LibTorch, "task" a step by way of autograd as a trainer makes it.

| d | kernel | products alone | task | numpy | PyTorch, closed form | PyTorch, autograd | numpy over kernel | kernel over products |
|---|---|---|---|---|---|---|---|---|
"""
    for d, mine in ours["step"].items():
        peer = peers["step"][d]
        times = [mine["kernel"], mine["products"], mine["task"], peer["numpy"], peer["pytorch_closed_form"], peer["pytorch_autograd"]]
        text += (f"| {d} | " + " | ".join(duration(t) for t in times)
                 + f" | {peer['numpy'] / mine['kernel']:.1f}× | {mine['kernel'] / mine['products']:.2f} |\n")
    many, batched = ours["bifurcation"]["step"], peers["bifurcation"]["pytorch_batched"]
    sharp, arpack = ours["sharpness"], peers["sharpness"]
    text += f"""
Goals: 7 times numpy at d = 5, 1.5 times at d = 50, within 10 % of the products at d = 200.

A thousand step sizes at once (d = 5): {duration(many)} an iteration, PyTorch's batched products {duration(batched)}, **{batched / many:.1f}×**; a
bifurcation diagram of 10⁵ iterations takes {many * 1e5:.0f} s (goal: a minute on two cores).

Largest Hessian eigenvalue (d = {sharp["d"]}, residual 1e-8): {duration(sharp["seconds"])} with {sharp["products"]} products; SciPy's ARPACK over an autograd product
{duration(arpack["scipy_arpack"])} with {arpack["products"]}, **{arpack["scipy_arpack"] / sharp["seconds"]:.1f}×**.
"""
    return "Deep linear networks", text
