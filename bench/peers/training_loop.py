"""The model and loop of bench/training_loop.cpp in PyTorch eager: seconds per step, fused and default AdamW, as JSON."""

import json
import statistics
import sys
import time

import torch

BATCH, STEPS = 64, 2000


def main():
    table = torch.tensor([[float(v) for v in line.split(",")] for line in sys.stdin if line.strip()])
    inputs, targets = table[:, :64] / 16, table[:, 64].long()

    def step_seconds(**options):
        model = torch.nn.Sequential(torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 128), torch.nn.ReLU(),
                                    torch.nn.Linear(128, 10))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, **options)
        per_epoch, total = len(inputs) // BATCH, 0.0
        for i in range(-200, STEPS):
            if i == 0:
                begin = time.perf_counter()
            position = (i + 200) % per_epoch
            if position == 0:
                order = torch.randperm(len(inputs))
            index = order[position * BATCH:(position + 1) * BATCH]
            loss = torch.nn.functional.cross_entropy(model(inputs[index]), targets[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if i % 10 == 0:
                total += loss.item()
        return (time.perf_counter() - begin) / STEPS

    rounds = {"pytorch_fused": {"fused": True}, "pytorch_default": {}}
    seconds = {name: [] for name in rounds}
    for _ in range(5):
        for name, options in rounds.items():
            seconds[name].append(step_seconds(**options))
    print(json.dumps({name: statistics.median(values) for name, values in seconds.items()}))


main()
