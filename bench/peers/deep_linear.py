"""Gradient descent steps on deep linear networks of depth 3 in float64, as bench/deep_linear.cpp: numpy and PyTorch with
the closed-form gradient, PyTorch with autograd and SGD, step sizes side by side with batched products, and the largest
Hessian eigenvalue by SciPy's ARPACK over an autograd Hessian-vector product. JSON: seconds.

Every loop reaches the period-2 orbit of the closed form rho^L (1 + z^(2L-1)) = sigma (1 + z^(L-1)); it is checked.
"""

import json
import statistics
import time

import numpy as np
import torch

DEPTH, SIGMAS, ALPHA = 3, [10.0, 6.0, 3.0], 0.1
STEP_SIZE = 1.05 * 2 / (DEPTH * SIGMAS[0] ** (2 - 2 / DEPTH))


def problem(d):
    rng = np.random.default_rng(0)
    u, v = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    target = (u[:, :3] * SIGMAS) @ v[:, :3].T
    layers = [ALPHA * np.eye(d) for _ in range(DEPTH - 1)] + [np.zeros((d, d))]
    return layers, target, u[:, 0], v[:, 0]


def closed_form_step(layers, target, eta):
    """Prefix and suffix products; numpy arrays or tensors, the latter also in batches."""
    prefix = [None, layers[0]]
    for w in layers[1:]:
        prefix.append(w @ prefix[-1])
    back = prefix[-1] - target
    for i in range(len(layers) - 1, -1, -1):
        gradient = back @ prefix[i].mT if i > 0 else back
        if i > 0:
            back = layers[i].mT @ back
        layers[i] -= eta * gradient


def numpy_step(layers, target, eta):
    prefix = [None, layers[0]]
    for w in layers[1:]:
        prefix.append(w @ prefix[-1])
    back = prefix[-1] - target
    for i in range(len(layers) - 1, -1, -1):
        gradient = back @ prefix[i].T if i > 0 else back
        if i > 0:
            back = layers[i].T @ back
        layers[i] -= eta * gradient


def median_seconds(step, calls, rounds=7):
    times = []
    for r in range(rounds + 1):
        begin = time.perf_counter()
        for _ in range(calls):
            step()
        if r > 0:
            times.append((time.perf_counter() - begin) / calls)
    return statistics.median(times)


def check_orbit(layers, u, v, step):
    def value():
        product = layers[0]
        for w in layers[1:]:
            product = w @ product
        return float(u @ np.asarray(product.detach() if torch.is_tensor(product) else product) @ v)

    for _ in range(3000):
        step()
    first = value()
    step()
    low, high = sorted((first, value()))
    assert abs(low - 8.1) < 0.5 and abs(high - 11.5) < 0.5, (low, high)


def steps(d, calls):
    result = {}
    layers, target, u, v = problem(d)
    step = lambda: numpy_step(layers, target, STEP_SIZE)  # noqa: E731
    if d < 100:
        check_orbit(layers, u, v, step)
    result["numpy"] = median_seconds(step, calls)

    t_target = torch.tensor(target)
    t_layers = [torch.tensor(w) for w in problem(d)[0]]
    with torch.no_grad():
        result["pytorch_closed_form"] = median_seconds(lambda: closed_form_step(t_layers, t_target, STEP_SIZE), calls)

    a_layers = [torch.tensor(w, requires_grad=True) for w in problem(d)[0]]
    sgd = torch.optim.SGD(a_layers, lr=STEP_SIZE)

    def autograd_step():
        sgd.zero_grad(set_to_none=True)
        product = a_layers[0]
        for w in a_layers[1:]:
            product = w @ product
        (0.5 * (product - t_target).square().sum()).backward()
        sgd.step()

    result["pytorch_autograd"] = median_seconds(autograd_step, calls)
    return result


def bifurcation(count=1000, d=5):
    layers, target, _, _ = problem(d)
    batch = [torch.tensor(w).expand(count, d, d).clone() for w in layers]
    t_target = torch.tensor(target)
    eta = torch.linspace(0.03, 0.042, count, dtype=torch.float64).view(-1, 1, 1)
    with torch.no_grad():
        return {"pytorch_batched": median_seconds(lambda: closed_form_step(batch, t_target, eta), 50)}


def sharpness(d):
    from scipy.sparse.linalg import LinearOperator, eigsh

    root = np.zeros((d, d))
    np.fill_diagonal(root, np.r_[np.array(SIGMAS) ** (1 / DEPTH), np.zeros(d - 3)])
    layers = [torch.tensor(root, requires_grad=True) for _ in range(DEPTH)]
    target = torch.tensor(np.diag(SIGMAS + [0.0] * (d - 3)))
    products = 0

    def hvp(x):
        nonlocal products
        products += 1
        vectors = [piece.view(d, d) for piece in torch.tensor(x.ravel()).split(d * d)]
        product = layers[0]
        for w in layers[1:]:
            product = w @ product
        gradients = torch.autograd.grad(0.5 * (product - target).square().sum(), layers, create_graph=True)
        inner = sum((g * w).sum() for g, w in zip(gradients, vectors))
        return torch.cat([h.reshape(-1) for h in torch.autograd.grad(inner, layers)]).numpy()

    operator = LinearOperator((DEPTH * d * d,) * 2, matvec=hvp, dtype=np.float64)
    start = np.random.default_rng(1).standard_normal(DEPTH * d * d)
    found = []

    def run():
        nonlocal products
        products = 0
        found[:] = [eigsh(operator, k=1, which="LA", return_eigenvectors=False, v0=start, tol=1e-8)[0]]

    seconds = median_seconds(run, 1)
    return {"scipy_arpack": seconds, "products": products, "value": found[0]}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps({"step": {str(d): steps(d, calls) for d, calls in ((5, 3000), (50, 500), (200, 15))},
                      "sharpness": sharpness(50), "bifurcation": bifurcation()}))
