"""Seconds and steps until logistic or softmax regression reaches a loss: line searches and what a user would take
instead, on the data that bench_line_search reads. JSON: {peer: {target: [seconds, steps]}}.

    line_search.py write synthetic|large|digits|breast_cancer FILE.csv
    line_search.py reach FILE.csv CLASSES

`gd-ls reference` is algorithm 1 of Vaswani and Babanezhad 2025 with a plain eager closure, `sls reference` the
stochastic one of Vaswani et al. 2019 (reset "grow"); no installable package offers either. The clock counts steps only;
the loss that decides the stop is evaluated off the clock.
"""

import json
import math
import statistics
import sys
import time
import warnings

import numpy as np

TARGETS = [1e-1, 1e-2, 1e-4]
TIME_LIMIT = 4.0
BATCH = 100


def synthetic(n, d, margin=0.1):
    """Separable with the given margin before the rows are scaled to a largest norm of 1."""
    rng = np.random.default_rng(0)
    w = rng.standard_normal(d)
    w /= np.linalg.norm(w)
    y = rng.integers(0, 2, n)
    x = rng.standard_normal((n, d)) * math.sqrt(margin)
    sign = 2.0 * y - 1
    along = x @ w
    x += ((np.abs(along) + margin) * sign - along)[:, None] * w
    return x / np.linalg.norm(x, axis=1).max(), y


def write(name, path):
    if name in ("synthetic", "large"):
        x, y = synthetic(2000, 100) if name == "synthetic" else synthetic(10_000, 200)
    else:
        from sklearn.datasets import load_breast_cancer, load_digits

        x, y = (load_digits if name == "digits" else load_breast_cancer)(return_X_y=True)
        x = x / 16.0 if name == "digits" else (x - x.mean(0)) / x.std(0)
        x = np.hstack([x, np.ones((len(x), 1))])
    np.savetxt(path, np.column_stack([x.astype(np.float32), y]), delimiter=",", fmt=["%.9g"] * x.shape[1] + ["%d"])


class Problem:
    """Mean loss of a linear model in float64; two classes have one column and the softplus of the margin."""

    def __init__(self, x, y, classes):
        import torch

        self.torch, self.classes = torch, classes
        self.x = torch.tensor(x)
        self.y = torch.tensor(2.0 * y - 1) if classes == 2 else torch.tensor(y)
        self.theta = torch.zeros(x.shape[1], 1 if classes == 2 else classes, dtype=torch.float64, requires_grad=True)

    def loss(self, rows=None):
        functional = self.torch.nn.functional
        x, y = (self.x, self.y) if rows is None else (self.x[rows], self.y[rows])
        z = x @ self.theta
        return functional.softplus(-y * z[:, 0]).mean() if self.classes == 2 else functional.cross_entropy(z, y)

    def gradient(self, rows=None):
        self.theta.grad = None
        loss = self.loss(rows)
        loss.backward()
        return loss


def armijo_step(problem, rows, eta, c, beta):
    start = problem.gradient(rows).item()
    with problem.torch.no_grad():
        gradient, saved = problem.theta.grad, problem.theta.clone()
        slope = gradient.square().sum().item()
        for _ in range(500):
            problem.theta.copy_(saved).add_(gradient, alpha=-eta)
            if problem.loss(rows).item() <= start - c * eta * slope:
                return eta
            eta *= beta
        problem.theta.copy_(saved)
    return eta


def stepper(peer, problem):
    torch, n = problem.torch, len(problem.x)
    state = {"eta": 1.0, "at": n}

    def next_rows():
        if state["at"] + BATCH > n:
            state["order"], state["at"] = torch.randperm(n), 0
        state["at"] += BATCH
        return state["order"][state["at"] - BATCH: state["at"]]

    if peer == "gd-ls reference":
        return lambda: armijo_step(problem, None, 1e8, 0.5, 0.5)
    if peer == "sls reference":
        def sls():
            state["eta"] = armijo_step(problem, next_rows(), min(1000.0, state["eta"] * 2 ** (BATCH / n)), 0.1, 0.9)
        return sls
    if peer == "gd-1/L":
        top = torch.linalg.matrix_norm(problem.x, ord=2).item() ** 2 / n
        eta = 1 / (top / 4 if problem.classes == 2 else top / 2)

        def gd():
            problem.gradient()
            with torch.no_grad():
                problem.theta.add_(problem.theta.grad, alpha=-eta)
        return gd
    if peer == "torch LBFGS":
        optimizer = torch.optim.LBFGS([problem.theta], max_iter=1, max_eval=30, history_size=20, tolerance_grad=0,
                                      tolerance_change=0, line_search_fn="strong_wolfe")
        return lambda: optimizer.step(problem.gradient)
    if peer == "torch Adam":
        optimizer = torch.optim.Adam([problem.theta], lr=1e-2)
        return lambda: (problem.gradient(next_rows()), optimizer.step())
    if peer == "MomSPS":
        from momsps import MomSPS

        optimizer = MomSPS([problem.theta], c=1.0, gamma_max=1000.0, beta=0.9)
        return lambda: optimizer.step(problem.gradient(next_rows()).detach())
    from pytorch_optimizer import AliG

    optimizer = AliG([problem.theta], max_lr=1000.0)

    def alig():  # its closure is called with gradients off, so the gradient is made before
        loss = problem.gradient(next_rows()).detach()
        optimizer.step(lambda: loss)
    return alig


def true_loss(x, y, classes, theta):
    z = x @ theta
    if classes == 2:
        return float(np.logaddexp(0, -(2 * y - 1) * z[:, 0]).mean())
    top = z.max(1, keepdims=True)
    return float((np.log(np.exp(z - top).sum(1)) + top[:, 0] - z[np.arange(len(y)), y]).mean())


def reach_torch(peer, x, y, classes):
    import torch

    seconds, steps = {}, {}
    for _ in range(5):
        torch.manual_seed(1)
        stepper(peer, Problem(x, y, classes))()  # warm-up
        problem = Problem(x, y, classes)
        step = stepper(peer, problem)
        spent, count, reached = 0.0, 0, 0
        while reached < len(TARGETS) and spent < TIME_LIMIT:
            begin = time.perf_counter()
            step()
            spent += time.perf_counter() - begin
            count += 1
            if count > 100 and count % 10:
                continue
            loss = true_loss(x, y, classes, problem.theta.detach().numpy())
            if not math.isfinite(loss):
                break
            while reached < len(TARGETS) and loss <= TARGETS[reached]:
                seconds.setdefault(TARGETS[reached], []).append(spent)
                steps[TARGETS[reached]] = count
                reached += 1
        if spent > 1:
            break
    return {f"{target:g}": [statistics.median(values), steps[target]] for target, values in seconds.items()}


def reach_sklearn(solver, x, y, classes):
    """The smallest iteration limit that reaches the target (doubling, then bisection), and the time of that fit."""
    from sklearn.linear_model import LogisticRegression

    def fit(iterations):
        model = LogisticRegression(C=np.inf, solver=solver, fit_intercept=False, tol=1e-300, max_iter=iterations, random_state=0)
        times = []
        for _ in range(5 if iterations < 200 else 1):
            begin = time.perf_counter()
            model.fit(x, y)
            times.append(time.perf_counter() - begin)
        return true_loss(x, y, classes, model.coef_.T), statistics.median(times)

    reached = {}
    fit(1)
    for target in TARGETS:
        low, high = 0, 1
        while True:
            loss, seconds = fit(high)
            if loss <= target or seconds > TIME_LIMIT or high > 10**6:
                break
            low, high = high, 2 * high
        if loss > target:
            break
        found = seconds
        while high - low > max(1, low // 50):
            middle = (low + high) // 2
            answer, seconds = fit(middle)
            if answer <= target:
                high, found = middle, seconds
            else:
                low = middle
        reached[f"{target:g}"] = [found, high]
    return reached


def main():
    if sys.argv[1] == "write":
        return write(sys.argv[2], sys.argv[3])
    warnings.filterwarnings("ignore")
    table = np.loadtxt(sys.argv[2], delimiter=",")
    x, y, classes = table[:, :-1], table[:, -1].astype(int), int(sys.argv[3])
    result = {}
    for peer in ["gd-ls reference", "sls reference", "gd-1/L", "torch LBFGS", "torch Adam", "MomSPS", "AliG"]:
        result[peer] = reach_torch(peer, x, y, classes)
    for solver in ["lbfgs", "newton-cholesky", "saga"]:
        result["scikit-learn " + solver] = reach_sklearn(solver, x, y, classes)
    print(json.dumps(result))


main()
