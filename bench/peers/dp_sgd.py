"""A private step of DP-SGD and a plain step of SGD, on three small networks: milliseconds and megabytes, as JSON lines.

    dp_sgd.py MODEL BATCH PEER [STEPS]     MODEL: mlp, cnn, transformer; PEER: one of PEERS; one process per peer

Every private peer does the same work: flat clipping at norm 1, Gaussian noise once a step, fixed batch, SGD update. With
TALWEG_BENCH_NOISE=0 all print the same first_update_norm up to the initial weights.
"""

import json
import os
import sys
import time
import warnings

import torch
import torch.nn.functional as F

from optim_common import status_mb

PEERS = ["sgd", "opacus-hooks", "opacus-ghost", "opacus-functorch", "vmap", "one-at-a-time"]
CLIP, LEARNING_RATE = 1.0, 0.05
NOISE = float(os.environ.get("TALWEG_BENCH_NOISE", "1"))
VOCABULARY, HIDDEN, HEADS, LAYERS, SEQUENCE = 1000, 128, 4, 2, 64


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = torch.nn.LayerNorm(HIDDEN), torch.nn.LayerNorm(HIDDEN)
        self.qkv, self.out = torch.nn.Linear(HIDDEN, 3 * HIDDEN), torch.nn.Linear(HIDDEN, HIDDEN)
        self.up, self.down = torch.nn.Linear(HIDDEN, 4 * HIDDEN), torch.nn.Linear(4 * HIDDEN, HIDDEN)

    def forward(self, x):
        n, t, _ = x.shape
        q, k, v = (part.view(n, t, HEADS, -1).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, t, HIDDEN)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.token = torch.nn.Embedding(VOCABULARY, HIDDEN)
        self.blocks = torch.nn.Sequential(*[Block() for _ in range(LAYERS)])
        self.head = torch.nn.Linear(HIDDEN, 10)

    def forward(self, tokens):
        return self.head(self.blocks(self.token(tokens)).mean(1))


def build(model, n):
    labels = torch.randint(10, (n,))
    if model == "mlp":
        layers = [torch.nn.Linear(64, 256), torch.nn.ReLU(), torch.nn.Linear(256, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10)]
        return torch.nn.Sequential(*layers), torch.randn(n, 64), labels
    if model == "cnn":
        layers = [
            torch.nn.Conv2d(1, 16, 8, 2, padding=3), torch.nn.ReLU(), torch.nn.MaxPool2d(2, 1),
            torch.nn.Conv2d(16, 32, 4, 2), torch.nn.ReLU(), torch.nn.MaxPool2d(2, 1),
            torch.nn.Flatten(), torch.nn.Linear(32 * 4 * 4, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10),
        ]
        return torch.nn.Sequential(*layers), torch.randn(n, 1, 28, 28), labels
    return Transformer(), torch.randint(VOCABULARY, (n, SEQUENCE)), labels


def opacus_step(model, inputs, labels, mode):
    from opacus import PrivacyEngine
    from torch.utils.data import DataLoader, TensorDataset

    # The loader only tells the engine the batch size; the batch is fed by hand, so that every peer sees the same one.
    loader = DataLoader(TensorDataset(torch.zeros(20 * len(labels))), batch_size=len(labels))
    criterion = torch.nn.CrossEntropyLoss()
    made = PrivacyEngine(accountant="rdp").make_private(
        module=model, optimizer=torch.optim.SGD(model.parameters(), lr=LEARNING_RATE), data_loader=loader, criterion=criterion,
        noise_multiplier=NOISE, max_grad_norm=CLIP, poisson_sampling=False, grad_sample_mode=mode)
    private, optimizer = made[0], made[1]
    criterion = made[2] if mode == "ghost" else criterion

    def step():
        optimizer.zero_grad()
        criterion(private(inputs), labels).backward()
        optimizer.step()

    return step


def vmap_step(model, inputs, labels):
    from torch.func import functional_call, grad, vmap

    parameters = {name: p.detach() for name, p in model.named_parameters()}

    def loss(values, x, y):
        return F.cross_entropy(functional_call(model, values, (x.unsqueeze(0),)), y.unsqueeze(0))

    per_example = vmap(grad(loss), in_dims=(None, 0, 0))

    def step():
        gradients = per_example(parameters, inputs, labels)
        square = sum(g.flatten(1).square().sum(1) for g in gradients.values())
        factor = (CLIP / (square.sqrt() + 1e-6)).clamp(max=1.0)
        with torch.no_grad():
            for name, value in parameters.items():
                total = torch.einsum("b,b...->...", factor, gradients[name])
                total += torch.randn_like(total) * (NOISE * CLIP)
                value.add_(total, alpha=-LEARNING_RATE / len(labels))

    return step


def one_at_a_time_step(model, inputs, labels):
    parameters = list(model.parameters())

    def step():
        total = [torch.zeros_like(p) for p in parameters]
        for x, y in zip(inputs, labels):
            gradients = torch.autograd.grad(F.cross_entropy(model(x.unsqueeze(0)), y.unsqueeze(0)), parameters)
            norm = torch.stack(torch._foreach_norm(gradients)).norm()
            torch._foreach_add_(total, gradients, alpha=(CLIP / (norm + 1e-6)).clamp(max=1.0).item())
        with torch.no_grad():
            for p, t in zip(parameters, total):
                t += torch.randn_like(t) * (NOISE * CLIP)
                p.add_(t, alpha=-LEARNING_RATE / len(labels))

    return step


def sgd_step(model, inputs, labels):
    optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    return step


def main():
    warnings.filterwarnings("ignore")
    name, batch, peer = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    steps, warmup = int(sys.argv[4]) if len(sys.argv) > 4 else 20, 3
    torch.manual_seed(1)
    model, inputs, labels = build(name, batch)
    if peer.startswith("opacus-"):
        step = opacus_step(model, inputs, labels, peer.removeprefix("opacus-"))
    else:
        step = {"sgd": sgd_step, "vmap": vmap_step, "one-at-a-time": one_at_a_time_step}[peer](model, inputs, labels)
    base, wall, processor, update = status_mb("VmHWM"), [], [], 0.0
    before = [p.detach().clone() for p in model.parameters()]
    for i in range(warmup + steps):
        cpu, start = time.process_time(), time.perf_counter()
        step()
        if i >= warmup:
            wall.append(1e3 * (time.perf_counter() - start))
            processor.append(1e3 * (time.process_time() - cpu))
        if i == 0:
            update = sum((p.detach() - b).square().sum().item() for p, b in zip(model.parameters(), before)) ** 0.5
            del before
    wall.sort(), processor.sort()
    print(json.dumps({"peer": peer, "model": name, "batch": batch, "ms_per_step_min": wall[0], "ms_per_step_median": wall[len(wall) // 2],
                      "cpu_ms_per_step_min": processor[0], "cpu_ms_per_step_median": processor[len(processor) // 2],
                      "peak_mem_mb": status_mb("VmHWM"), "base_mem_mb": base, "first_update_norm": update}))


if __name__ == "__main__":
    main()
