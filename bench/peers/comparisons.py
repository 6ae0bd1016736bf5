"""Value and gradient of the mean logistic loss over two million comparisons, as bench/comparisons.cpp: numpy with sparse matrices of
a fixed pattern, PyTorch with index_add_ and the written gradient, PyTorch by autograd; and an epoch of BPR in the library
implicit over as many likes. JSON: comparisons a second, the best of rounds, one thread.

And what BPR makes of binary comparisons: agreement of the signs of utility differences with the truth, of 75,000 coin flips at
200 x 300, r = 3, beside descent on the comparisons themselves (the maximum likelihood)."""

import json
import time

import numpy as np
import scipy.sparse as sparse
import torch

torch.set_num_threads(1)
USERS, ITEMS, COUNT = 2000, 3000, 2_000_000


def truth(n1, n2, r, rng):
    u = np.linalg.qr(rng.standard_normal((n1, r)))[0]
    v = rng.standard_normal((n2, r))
    v = np.linalg.qr(v - v.mean(0))[0]
    root = (n1 * n2 / r) ** 0.25
    return u * root, v * root


def draw(u, v, count, rng):
    user = np.sort(rng.integers(len(u), size=count))
    first = rng.integers(len(v), size=count)
    second = (first + rng.integers(1, len(v), size=count)) % len(v)
    return user, first, second, 1 / (1 + np.exp(-(u[user] * (v[first] - v[second])).sum(1)))


def per_second(step, rounds=3):
    step()
    best = 0
    for _ in range(rounds):
        begin = time.perf_counter()
        step()
        best = max(best, COUNT / (time.perf_counter() - begin))
    return best


def numpy_csr(u, v, user, first, second, label):
    rows, one = np.arange(COUNT), np.ones(COUNT, dtype=u.dtype)
    items = sparse.csr_matrix((np.r_[one, -one], (np.r_[rows, rows], np.r_[first, second])), (COUNT, len(v)))
    users = sparse.csr_matrix((one, (rows, user)), (COUNT, len(u)))
    items_t, users_t = items.T.tocsr(), users.T.tocsr()

    def step():
        du, dv = users @ u, items @ v
        z = (du * dv).sum(1)
        s = ((1 / (1 + np.exp(-z)) - label) / COUNT)[:, None]
        return (np.logaddexp(0, z) - label * z).mean(), users_t @ (s * dv), items_t @ (s * du)
    return step


def torch_index(u, v, user, first, second, label):
    def step():
        du, dv = u[user], v[first] - v[second]
        z = (du * dv).sum(1)
        s = ((torch.sigmoid(z) - label) / COUNT)[:, None]
        sdu = s * du
        torch.zeros_like(u).index_add_(0, user, s * dv)
        torch.zeros_like(v).index_add_(0, first, sdu).index_add_(0, second, -sdu)
        return (torch.nn.functional.softplus(z) - label * z).mean()
    return step


def torch_autograd(u, v, user, first, second, label):
    u, v = u.clone().requires_grad_(), v.clone().requires_grad_()

    def step():
        u.grad = v.grad = None
        z = (u[user] * (v[first] - v[second])).sum(1)
        (torch.nn.functional.softplus(z) - label * z).mean().backward()
    return step


def bpr(users, winners, shape, factors, epochs, seed=1):
    import implicit.bpr
    likes = sparse.csr_matrix((np.ones(len(users), dtype=np.float32), (users, winners)), shape=shape)
    model = implicit.bpr.BayesianPersonalizedRanking(factors=factors, learning_rate=0.05, regularization=0.002, iterations=epochs,
                                                     random_state=seed, num_threads=1)
    begin = time.perf_counter()
    model.fit(likes, show_progress=False)
    return model, likes.nnz * epochs / (time.perf_counter() - begin)


answer = {"steps": {}, "agreement": {}}
rng = np.random.default_rng(1)
for rank in (3, 32):
    u, v = truth(USERS, ITEMS, rank, rng)
    user, first, second, label = draw(u, v, COUNT, rng)
    for dtype in ("float64", "float32"):
        a, b, c = u.astype(dtype), v.astype(dtype), label.astype(dtype)
        kind = getattr(torch, dtype)
        tensors = [torch.tensor(x, dtype=kind) for x in (u, v)] + [torch.tensor(x) for x in (user, first, second)] + [torch.tensor(label, dtype=kind)]
        answer["steps"][f"r{rank} {dtype}"] = {"numpy": per_second(numpy_csr(a, b, user, first, second, c)),
                                               "pytorch": per_second(torch_index(*tensors)),
                                               "pytorch_autograd": per_second(torch_autograd(*tensors))}
    winner = np.where(label > 0.5, first, second)
    answer["steps"][f"r{rank} float32"]["bpr"] = bpr(user, winner, (USERS, ITEMS), rank, 3)[1]

agreements = {"descent": [], "bpr": []}
for seed in range(3):
    rng = np.random.default_rng(seed)
    u, v = truth(200, 300, 3, rng)
    user, first, second, label = draw(u, v, 75000, rng)
    coin = (rng.random(75000) < label).astype(float)
    t_user, t_first, t_second, _ = draw(u, v, 100000, rng)
    gap = (u[t_user] * (v[t_first] - v[t_second])).sum(1)
    agree = lambda a, b: float(np.mean(((a[t_user] * (b[t_first] - b[t_second])).sum(1) > 0) == (gap > 0)))  # noqa: E731
    a, b = torch.tensor(0.3 * rng.standard_normal((200, 3))), torch.tensor(0.3 * rng.standard_normal((300, 3)))
    a, b = a.requires_grad_(), b.requires_grad_()
    who, i, j, w = (torch.tensor(x) for x in (user, first, second, coin))
    for _ in range(150):
        z = (a[who] * (b[i] - b[j])).sum(1)
        balance = 0.05 * 2 / (200 * 299) / 4 * (a.T @ a - b.T @ b).square().sum()
        loss = (torch.nn.functional.softplus(z) - w * z).mean() + balance
        da, db = torch.autograd.grad(loss, (a, b))
        with torch.no_grad():
            a -= 424.264 * da
            b -= 424.264 * db
    agreements["descent"].append(agree(a.detach().numpy(), b.detach().numpy()))
    model, _ = bpr(user, np.where(coin > 0.5, first, second), (200, 300), 3, 100, seed)
    agreements["bpr"].append(agree(model.user_factors, model.item_factors))
answer["agreement"] = {name: float(np.mean(values)) for name, values in agreements.items()}
print(json.dumps(answer))
