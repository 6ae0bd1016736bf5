"""Peers of bench_derivative_free: the same noisy problems, starts and budgets.

    dfo_compare.py search NOISE GRADIENTS SEEDS PROBLEM…     {peer: {problem: [gap by seed]}}
    dfo_compare.py function79 SEEDS                          {peer: [gap by seed]}
    dfo_compare.py problems                                  the problems that are known here

Every solver has its own default settings but for what a careful user would set for noise (the step of differences, the first
radius). A gap is F without noise less the least F, at the point that the solver recommends (CMA-ES: the mean), not at the lowest
value seen; one that is cut off by the budget recommends the point of its lowest value. Every call of the function counts.
"""

import contextlib
import io
import json
import logging
import sys
import warnings

import cma
import nlopt
import numpy as np
import pybobyqa
from scipy.optimize import minimize

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def bard(x):
    y = np.array([.14, .18, .22, .25, .29, .32, .35, .39, .37, .58, .73, .96, 1.34, 2.1, 4.39])
    i = np.arange(1, 16)
    return y - x[0] - i / (x[1] * (16 - i) + x[2] * np.minimum(i, 16 - i))


def box3d(x):
    i = np.arange(1, 11)
    t = i / 10
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) + (np.exp(-i) - np.exp(-t)) * x[2]


def brown_dennis(x):
    t = np.arange(1, 21) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def chebyquad(x):
    n = len(x)
    t = 2 * x - 1
    i = np.arange(1, n + 1)
    values = np.array([np.polynomial.chebyshev.chebval(t, np.eye(n + 1)[k]).mean() for k in i])
    return values + np.where(i % 2 == 0, 1 / (i ** 2 - 1.0 + (i == 1)), 0)


def bdqrtic(x):
    n = len(x)
    i = np.arange(n - 4)
    return np.r_[3 - 4 * x[i], x[i] ** 2 + 2 * x[i + 1] ** 2 + 3 * x[i + 2] ** 2 + 4 * x[i + 3] ** 2 + 5 * x[-1] ** 2]


def watson(x):
    n = len(x)
    t = np.arange(1, 30)[:, None] / 29
    j = np.arange(1, n + 1)
    main = ((j[1:] - 1) * t ** (j[1:] - 2) * x[1:]).sum(1) - (t ** (j - 1) * x).sum(1) ** 2 - 1
    return np.r_[main, x[0], x[1] - x[0] ** 2 - 1]


# name: residuals, start, smooth F at the start (checked), F*
LEAST_SQUARES = {
    "rosenbrock_good_start": (lambda x: np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]), [-1.2, 1.0], 24.2, 0.0),
    "powell_singular_good_start": (lambda x: np.array([x[0] + 10 * x[1], 5 ** .5 * (x[2] - x[3]), (x[1] - 2 * x[2]) ** 2,
                                            10 ** .5 * (x[0] - x[3]) ** 2]), [3.0, -1.0, 0.0, 1.0], 215.0, 0.0),
    "bard_good_start": (bard, [1.0] * 3, 41.6817, 0.00821488),
    "box_3d": (box3d, [0.0, 10.0, 20.0], 1031.15, 0.0),
    "brown_dennis_good_start": (brown_dennis, [25.0, 5.0, -5.0, -1.0], 7.92669e6, 85822.2),
    "watson_6_good_start": (watson, [0.5] * 6, 16.4308, 0.00228767),
    "chebyquad_6": (chebyquad, list(np.arange(1, 7) / 7), 0.0464282, 0.0),
    "bdqrtic_8": (bdqrtic, [1.0] * 8, 904.0, 10.239),
    "cube_5": (lambda x: np.r_[x[0] - 1, 10 * (x[1:] - x[:-1] ** 3)], [0.5] * 5, 56.5, 0.0),
}


def function79(x):
    odd, even = x[0::2], x[1::2]
    return float(np.sum((10 * (even - odd) ** 2 + (1 - odd) ** 2) ** 4))


def problem(name, sigma):
    """(F without noise, what is observed given a generator, start, least F, deviation of the noise near the minimum)."""
    residuals, start, at_start, best = LEAST_SQUARES[name]
    start = np.array(start, dtype=float)
    count = len(residuals(start))

    def exact(x):
        return float(np.sum(residuals(np.asarray(x)) ** 2))

    def noisy(rng):
        return lambda x: float(np.sum((residuals(np.asarray(x)) + sigma * rng.standard_normal(count)) ** 2))
    if abs(exact(start) / at_start - 1) > 2e-5:
        sys.exit(f"{name}: F(start) = {exact(start)!r}, expected {at_start!r}")
    return exact, noisy, start, best, max(sigma * 2 * best ** 0.5, (2 * count) ** 0.5 * sigma ** 2)


class Exhausted(Exception):
    pass


class Oracle:
    """Counts every call; raises past the budget. `best` is the point of the lowest noisy value, for solvers that are cut off."""

    def __init__(self, noisy, budget):
        self.noisy, self.budget, self.calls, self.lowest, self.best = noisy, budget, 0, np.inf, None

    def __call__(self, x, *_):
        if self.calls >= self.budget:
            raise Exhausted
        self.calls += 1
        value = self.noisy(x)
        if value < self.lowest:
            self.lowest, self.best = value, np.array(x, dtype=float)
        return value


# ---- solvers: (oracle, start, budget, noise, rng) -> recommended point ------------------------------------------------------


def solve_cma(oracle, start, budget, noise, rng):
    options = {"verbose": -9, "maxfevals": budget, "seed": int(rng.integers(1, 2 ** 31)), "tolfun": 0, "tolfunhist": 0,
               "tolx": 1e-12, "tolstagnation": 10 ** 9, "tolflatfitness": 10 ** 9}
    run = cma.CMAEvolutionStrategy(start, 0.5, options)
    try:
        while not run.stop():
            points = run.ask()
            run.tell(points, [oracle(x) for x in points])
    except Exhausted:
        pass
    return run.result.xfavorite


def solve_pybobyqa(oracle, start, budget, noise, rng):
    np.random.seed(int(rng.integers(2 ** 31)))
    return pybobyqa.solve(oracle, start, maxfun=budget, rhobeg=0.5, rhoend=1e-8, objfun_has_noise=True,
                          user_params={"noise.additive_noise_level": noise}, do_logging=False).x


def solve_nlopt(algorithm):
    def solve(oracle, start, budget, noise, rng):
        opt = nlopt.opt(getattr(nlopt, algorithm), len(start))
        opt.set_min_objective(lambda x, gradient: oracle(x))
        opt.set_maxeval(budget)
        opt.set_initial_step(0.5)
        try:
            return opt.optimize(start)
        except (nlopt.RoundoffLimited, RuntimeError, Exhausted):
            return oracle.best
    return solve


def solve_scipy_neldermead(oracle, start, budget, noise, rng):
    simplex = np.vstack([start, start + 0.5 * np.eye(len(start))])       # the default, 5 % of each coordinate, drowns in the noise
    return minimize(oracle, start, method="Nelder-Mead",
                    options={"maxfev": budget, "maxiter": 10 ** 9, "xatol": 1e-10, "fatol": 1e-12, "adaptive": len(start) > 4,
                             "initial_simplex": simplex}).x


def solve_scipy_lbfgsb(oracle, start, budget, noise, rng):
    last = {"x": start}
    step = max(1e-6, noise ** (1 / 3))                       # the noise-aware central-difference order; the default 1e-8 is hopeless

    def gradient(x):
        last["x"] = np.array(x)
        g = np.empty(len(x))
        for i in range(len(x)):
            e = np.zeros(len(x))
            e[i] = step
            g[i] = (oracle(x + e) - oracle(x - e)) / (2 * step)
        return g
    try:
        while True:                                          # noise makes its line search give up: start again from where it stopped
            minimize(oracle, last["x"], jac=gradient, method="L-BFGS-B",
                     options={"maxfun": 10 ** 9, "maxiter": 10 ** 9, "ftol": 0, "gtol": 0})
    except Exhausted:
        return last["x"]


SOLVERS = {"pycma": solve_cma, "Py-BOBYQA": solve_pybobyqa, "NLopt BOBYQA": solve_nlopt("LN_BOBYQA"),
           "NLopt Nelder-Mead": solve_nlopt("LN_NELDERMEAD"), "NLopt Sbplx": solve_nlopt("LN_SBPLX"),
           "SciPy Nelder-Mead": solve_scipy_neldermead, "SciPy L-BFGS-B, central differences": solve_scipy_lbfgsb}


def gaps(solve, instance, budget, seeds):
    exact, noisy, start, best, noise = instance
    found = []
    for seed in range(1, seeds + 1):
        oracle = Oracle(noisy(np.random.default_rng([seed, 0])), budget)
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                x = solve(oracle, start.copy(), budget, noise, np.random.default_rng([seed, 1]))
            except Exhausted:
                x = oracle.best
        found.append(exact(np.asarray(x)) - best)
    return found


def main():
    command, *words = sys.argv[1:]
    if command == "problems":
        answer = list(LEAST_SQUARES)
    elif command == "function79":
        start = np.array([3.0, 1.0] * 32)
        instance = (function79, lambda rng: lambda x: function79(x) + rng.standard_normal(), start, 0.0, 1.0)
        answer = {"pycma": gaps(solve_cma, instance, 128000, int(words[0]))}
    else:
        sigma, gradients, seeds = float(words[0]), int(words[1]), int(words[2])
        answer = {}
        for name, solve in SOLVERS.items():
            answer[name] = {}
            for spec in words[3:]:
                instance = problem(spec, sigma)
                answer[name][spec] = gaps(solve, instance, gradients * (len(instance[2]) + 1), seeds)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
