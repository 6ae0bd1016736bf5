"""Sharpness-aware steps on a small decoder, as bench/sharpness.cpp: AdamW, SAM and AdaZo-SAM from their definitions on top of
the fused AdamW, and SAM of pytorch_optimizer. JSON: processor milliseconds per step, medians.

    sharpness.py PEER [DEVICE WIDTH LAYERS HEADS VOCABULARY BATCH LENGTH]

Passes in units of one forward (a backward costs two): AdamW 3, SAM 6, AdaZo-SAM with one central probe 5.
"""

import json
import statistics
import sys
import time

import torch
import torch.nn.functional as F

PEERS = ["adamw", "sam", "adazo_sam", "pytorch-optimizer-sam"]


class Block(torch.nn.Module):
    def __init__(self, hidden: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = torch.nn.LayerNorm(hidden), torch.nn.LayerNorm(hidden)
        self.qkv, self.out = torch.nn.Linear(hidden, 3 * hidden), torch.nn.Linear(hidden, hidden)
        self.up, self.down = torch.nn.Linear(hidden, 4 * hidden), torch.nn.Linear(4 * hidden, hidden)

    def forward(self, x):
        batch, seq, hidden = x.shape
        q, k, v = (t.view(batch, seq, self.heads, -1).transpose(1, 2) for t in self.qkv(self.norm1(x)).chunk(3, -1))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(batch, seq, hidden)
        x = x + self.out(mixed)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Decoder(torch.nn.Module):
    def __init__(self, vocab: int, hidden: int, layers: int, heads: int, seq: int):
        super().__init__()
        self.token, self.position = torch.nn.Embedding(vocab, hidden), torch.nn.Embedding(seq, hidden)
        self.blocks = torch.nn.Sequential(*[Block(hidden, heads) for _ in range(layers)])
        self.norm, self.head = torch.nn.LayerNorm(hidden), torch.nn.Linear(hidden, vocab, bias=False)

    def forward(self, tokens):
        x = self.token(tokens) + self.position.weight[: tokens.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def global_norm(tensors) -> torch.Tensor:
    return torch.stack(torch._foreach_norm(tensors)).norm()


def sam_step(parameters, closure, optimizer, rho: float) -> None:
    closure()
    gradients = [p.grad for p in parameters]
    with torch.no_grad():
        saved = [p.clone() for p in parameters]
        scale = (rho / (global_norm(gradients) + 1e-12)).item()
        torch._foreach_add_(parameters, gradients, alpha=scale)
    optimizer.zero_grad()
    closure()
    with torch.no_grad():
        torch._foreach_copy_(parameters, saved)
    optimizer.step()
    optimizer.zero_grad()


def adazo_sam_step(parameters, closure, value, optimizer, rho: float, mu: float) -> None:
    """One central probe: the ascent direction is sign(D) u, so mu and |D| drop out of it."""
    with torch.no_grad():
        saved = [p.clone() for p in parameters]
        direction = [torch.randn_like(p) for p in parameters]
        torch._foreach_add_(parameters, direction, alpha=mu)
        plus = value()
        torch._foreach_add_(parameters, direction, alpha=-2 * mu)
        minus = value()
        scale = (torch.sign(plus - minus) * rho / (global_norm(direction) + 1e-12)).item()
        torch._foreach_copy_(parameters, saved)
        torch._foreach_add_(parameters, direction, alpha=scale)
    closure()
    with torch.no_grad():
        torch._foreach_copy_(parameters, saved)
    optimizer.step()
    optimizer.zero_grad()


def main():
    peer, device, *sizes = [*sys.argv[1:], *["cpu"][len(sys.argv) - 2:]]
    hidden, layers, heads, vocab, batch, length = map(int, sizes or (256, 4, 4, 2048, 8, 64))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Decoder(vocab, hidden, layers, heads, length).to(device)
    parameters = list(model.parameters())
    tokens = torch.randint(vocab, (batch, length + 1), device=device)
    adamw = {"lr": 1e-3, "weight_decay": 0.01, "fused": True}

    def value():
        return F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())

    def closure():
        loss = value()
        loss.backward()
        return loss

    if peer == "pytorch-optimizer-sam":
        from pytorch_optimizer import SAM
        optimizer = SAM(parameters, torch.optim.AdamW, rho=0.05, **adamw)

        def step():
            closure()
            optimizer.first_step(zero_grad=True)
            closure()
            optimizer.second_step(zero_grad=True)
    else:
        optimizer = torch.optim.AdamW(parameters, **adamw)

        def step():
            if peer == "adamw":
                closure(), optimizer.step(), optimizer.zero_grad()
            elif peer == "sam":
                sam_step(parameters, closure, optimizer, 0.05)
            else:
                adazo_sam_step(parameters, closure, value, optimizer, 0.05, 1e-3)

    clock = time.perf_counter if device == "cuda" else time.process_time
    times = []
    for repeat in range(10):
        begin = clock()
        step()
        if device == "cuda":
            torch.cuda.synchronize()
        if repeat > 0:
            times.append(1e3 * (clock() - begin))
    print(json.dumps({"peer": peer, "ms": statistics.median(times)}))


if __name__ == "__main__":
    main()
