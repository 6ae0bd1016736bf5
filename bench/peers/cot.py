"""The work of bench/in_context.cpp in PyTorch: processor seconds per training step (prompts, masked pass, Adam) and per
decoding of 10,000 prompts, eager and with torch.compile, as JSON. The pass over all prefixes is the fastest eager form known
to us; decoding appends a column to the prompt, as one writes it."""

import json
import statistics
import time

import torch

D, N, ETA, BATCH, ROUNDS = 10, 20, 0.4, 256, 3


def prompts(count, generator, dtype):
    x = torch.randn(count, D, N, generator=generator, dtype=dtype)
    return x, torch.randn(count, D, 1, generator=generator, dtype=dtype)


def descent(x, w, k):
    """[count, d, k + 1]: w_0 = 0 and k steps of gradient descent on the prompt's own least squares."""
    s = x @ x.transpose(1, 2) / N
    iterates = [torch.zeros_like(w)]
    for _ in range(k):
        iterates.append(iterates[-1] - ETA * (s @ (iterates[-1] - w)))
    return torch.cat(iterates, dim=2)


def embed(x, w, tokens):
    z = x.new_zeros(x.shape[0], 2 * D + 2, N + tokens.shape[2])
    z[:, :D, :N] = x
    z[:, D, :N] = (w.transpose(1, 2) @ x)[:, 0]
    z[:, D + 1 : 2 * D + 1, N:] = tokens
    z[:, 2 * D + 1, N:] = 1
    return z


def cot_loss(v, w, z, mask, k):
    keys, queries, targets = z[:, :, : N + k], z[:, :, N : N + k], z[:, :, N + 1 :]
    scores = (keys.transpose(1, 2) @ (w @ queries)) * mask
    residual = queries + v @ (keys @ scores) / N - targets
    return 0.5 * residual.square().sum() / z.shape[0]


@torch.no_grad()
def decode(v, w, z, steps):
    for _ in range(steps):
        q = z[:, :, -1:]
        z = torch.cat([z, q + v @ (z @ (z.transpose(1, 2) @ (w @ q))) / N], dim=2)
    return z


def training_step(dtype, k, loss_of):
    generator = torch.Generator().manual_seed(0)
    size = 2 * D + 2
    v, w = ((0.02 * torch.randn(size, size, generator=generator, dtype=dtype)).requires_grad_() for _ in range(2))
    adam = torch.optim.Adam([v, w], lr=3e-3, fused=True)
    mask = torch.ones(N + k, k, dtype=dtype)
    mask[N:] = torch.triu(torch.ones(k, k, dtype=dtype))

    def step():
        x, truth = prompts(BATCH, generator, dtype)
        loss = loss_of(v, w, embed(x, truth, descent(x, truth, k)), mask, k)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    return step


def decoding(dtype, steps):
    x, truth = prompts(10000, torch.Generator().manual_seed(0), dtype)
    size = 2 * D + 2
    v, w = torch.zeros(size, size, dtype=dtype), torch.zeros(size, size, dtype=dtype)
    v[D + 1 : 2 * D + 1, :D] = -ETA * torch.eye(D, dtype=dtype)
    w[:D, D + 1 : 2 * D + 1] = torch.eye(D, dtype=dtype)
    w[D, 2 * D + 1] = -1
    z = embed(x, truth, torch.zeros_like(truth))
    return lambda: decode(v, w, z, steps)


def measure(work, repeats):
    for _ in range(max(1, repeats // 4)):
        work()
    rounds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        for _ in range(repeats):
            work()
        rounds.append((time.process_time() - begin) / repeats)
    return statistics.median(rounds)


def main():
    compiled = torch.compile(cot_loss)
    out = {}
    for name, dtype in (("float64", torch.float64), ("float32", torch.float32)):
        for k in (10, 20, 40):
            out[f"train_{name}_{k}"] = measure(training_step(dtype, k, cot_loss), 20)
            try:
                out[f"train_{name}_{k}_compiled"] = measure(training_step(dtype, k, compiled), 20)
            except Exception:  # no C++ compiler or Python headers for torch.compile
                out[f"train_{name}_{k}_compiled"] = None
        for steps in (20, 40):
            out[f"decode_{name}_{steps}"] = measure(decoding(dtype, steps), 1)
    print(json.dumps(out))


main()
