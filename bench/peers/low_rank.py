"""Optimizer step of low-rank-gradient methods on the attention and MLP matrices of a Llama, as bench/low_rank.cpp. JSON.

    low_rank.py PEER [CONFIG] [DEVICE]     PEER: one of PEERS; one process per peer

Ordinary step, step that refreshes the subspace (the interval is set to 1), bytes of state. Gradients are fixed random
tensors. Processor milliseconds on a CPU.
"""

import json
import statistics
import sys
import time
import types

import torch

CONFIGS = {"tiny": (768, 2048, 4, 128), "60M": (512, 1376, 8, 128), "350M": (1024, 2736, 24, 256), "1B": (2048, 5461, 24, 512)}
PEERS = ["adamw", "galore", "galore-rangefinder", "pytorch-optimizer-galore", "apollo", "fira"]


def stand_in(attribute):
    """What an absent module answers: a class or a function, but nothing that the interpreter itself asks a module for."""
    if attribute.startswith("__"):
        raise AttributeError(attribute)
    return object if attribute[0].isupper() else (lambda *a, **k: None)


def without_extras():
    """galore_torch and its descendants import bitsandbytes and transformers for variants that are not measured here."""
    for name in ("bitsandbytes", "bitsandbytes.optim", "bitsandbytes.optim.optimizer", "bitsandbytes.functional", "transformers",
                 "transformers.optimization", "transformers.utils", "transformers.utils.versions"):
        module = types.ModuleType(name)
        module.__getattr__ = stand_in
        module.__path__ = []
        sys.modules.setdefault(name, module)


def make_parameters(hidden, width, layers, device):
    shapes = ([(hidden, hidden)] * 4 + [(width, hidden)] * 2 + [(hidden, width)]) * layers
    parameters = [torch.nn.Parameter(0.02 * torch.randn(shape, device=device)) for shape in shapes]
    for parameter in parameters:
        parameter.grad = 1e-3 * torch.randn_like(parameter)
    return parameters


def make_optimizer(peer, parameters, rank):
    group = {"params": parameters, "rank": rank, "update_proj_gap": 10**9, "scale": 0.25, "proj_type": "std"}
    if peer == "adamw":
        return torch.optim.AdamW(parameters, lr=1e-3, fused=True)
    if peer != "pytorch-optimizer-galore":
        without_extras()
    if peer.startswith("galore"):
        from galore_torch.adamw import AdamW
        return AdamW([group], lr=1e-3, no_deprecation_warning=True)
    if peer == "pytorch-optimizer-galore":
        from pytorch_optimizer import GaLore
        group["projection_type"] = group.pop("proj_type")
        return GaLore([group], lr=1e-3)
    if peer == "apollo":
        from apollo_torch.apollo import AdamW
        return AdamW([group | {"proj": "random", "scale_type": "channel", "scale": 1.0}], lr=1e-3, no_deprecation_warning=True)
    from fira import FiraAdamW
    group["alpha"] = group.pop("scale")
    return FiraAdamW([group], lr=1e-3, no_deprecation_warning=True)


def use_range_finder(optimizer):
    """QR of G times a Gaussian matrix, without oversampling, in place of galore-torch's exact decomposition."""

    def basis(matrix, rank, type):
        gradient = matrix.float().t() if type == "right" else matrix.float()
        q = torch.linalg.qr(gradient @ torch.randn(gradient.shape[1], rank, device=gradient.device)).Q
        return q.t().contiguous() if type == "right" else q

    for state in optimizer.state.values():
        state["projector"].get_orthogonal_matrix = basis


def refresh_always(optimizer):
    for group in optimizer.param_groups:
        group["update_proj_gap"] = 1
    for state in optimizer.state.values():
        if "projector" in state:
            state["projector"].update_proj_gap = 1


def state_bytes(optimizer):
    seen, total = set(), 0

    def visit(value):
        nonlocal total
        if isinstance(value, torch.Tensor):
            if value.numel() > 1 and value.data_ptr() not in seen:
                seen.add(value.data_ptr())
                total += value.numel() * value.element_size()
        elif isinstance(value, (list, tuple)):
            [visit(item) for item in value]
        elif isinstance(value, dict):
            [visit(item) for item in value.values()]
        elif hasattr(value, "__dict__"):
            visit(vars(value))

    for state in optimizer.state.values():
        visit(dict(state))
    return total


def times(step, repeat, device):
    clock = time.perf_counter if device == "cuda" else time.process_time
    found = []
    for _ in range(repeat):
        begin = clock()
        step()
        if device == "cuda":
            torch.cuda.synchronize()
        found.append(1e3 * (clock() - begin))
    return found


def main():
    peer, config, device = [*sys.argv[1:], *["tiny", "cpu"][len(sys.argv) - 2:]]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    hidden, width, layers, rank = CONFIGS[config]
    optimizer = make_optimizer(peer, make_parameters(hidden, width, layers, device), rank)
    optimizer.step()
    if peer == "galore-rangefinder":
        use_range_finder(optimizer)
    times(optimizer.step, 1, device)
    ordinary = statistics.median(times(optimizer.step, 7, device))
    refresh = None
    if peer != "adamw":
        refresh_always(optimizer)
        refresh = statistics.median(times(optimizer.step, 1 if peer == "galore" else 2, device))
    print(json.dumps({"peer": peer, "ordinary": ordinary, "refresh": refresh, "state_mb": state_bytes(optimizer) / 2**20}))


if __name__ == "__main__":
    main()
