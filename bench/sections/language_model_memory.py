"""Peak memory of training a language model, as a user runs it, by what saves memory."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONFIG = ROOT / "configs/language_modeling/smollm2_adamw.yaml"
BASE = ["training.steps=2", "training.log_every=1", "training.evaluate_every=1000", "task.samples.prompts=[]",
        "task.evaluation={share: 0.01, sequences: 1}", "checkpoint.every=1000", "expect=[]"]
ROWS = [("16 × 128 tokens", 128, 16, []),
        ("the same, `micro_batch_size: 4`", 128, 16, ["training.micro_batch_size=4"]),
        ("the same, `micro_batch_size: 1`", 128, 16, ["training.micro_batch_size=1"]),
        ("the same, `activation_checkpointing`", 128, 16, ["task.activation_checkpointing=true"]),
        ("2 × 1024 tokens", 1024, 2, []),
        ("the same, `activation_checkpointing`", 1024, 2, ["task.activation_checkpointing=true"]),
        ("the same, and `micro_batch_size: 1`", 1024, 2,
         ["task.activation_checkpointing=true", "training.micro_batch_size=1"])]


LOW_RANK = "targets: {include: [attention, feed_forward]}, subspace: {rank: 64}"
OPTIMIZERS = [("`adamw`", "{type: adamw}"), ("`galore`", f"{{type: galore, {LOW_RANK}}}"),
              ("`galore`, `per_layer`", f"{{type: galore, per_layer: true, {LOW_RANK}}}"),
              ("`lorenza`", f"{{type: lorenza, {LOW_RANK}}}"),
              ("`lorenza`, `per_layer`", f"{{type: lorenza, per_layer: true, {LOW_RANK}}}"),
              ("`lorenza`, `per_layer`, `rule: adam_8bit`", f"{{type: lorenza, per_layer: true, rule: adam_8bit, {LOW_RANK}}}")]
PEERS = [("transformers, fused AdamW", "adamw"), ("transformers, galore-torch", "galore")]
ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2097152000", "MALLOC_TOP_PAD_": "67108864"}


def run(bench, overrides):
    """Peak memory of the process in MiB, and the losses of its two steps."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="talweg-memory-"))
    try:
        command = [bench.program, "train", CONFIG, "--output", folder / "run", "--quiet"]
        for override in BASE + overrides:
            command += ["--set", override]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            raise RuntimeError(f"talweg train ended with status {status}")
        losses = [json.loads(line).get("train/loss") for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
        return usage.ru_maxrss / 1024, [loss for loss in losses if loss is not None]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(bench):
    text = ("Two steps of AdamW on SmolLM2-135M (134.5 million weights: 513 MiB of them, of gradients, and twice that of moments), as "
            "`talweg train` runs them; peak of the whole process, which keeps the file it read the weights from mapped. Losses are "
            "those of the two steps: in float32 what saves memory changes no digit shown; in bfloat16 smaller products round otherwise.\n\n"
            "| | float32: peak MiB | losses | bfloat16 autocast: peak MiB | losses |\n|---|---|---|---|---|\n")
    for name, length, batch, extra in ROWS:
        cells = []
        for precision in ("float32", "bfloat16"):
            peak, losses = run(bench, [f"task.length={length}", f"training.batch_size={batch}", f"training.precision={precision}",
                                       *extra])
            cells += [f"{peak:.0f}", ", ".join(f"{loss:.4f}" for loss in losses)]
        text += f"| {name} | " + " | ".join(cells) + " |\n"
    text += ("\n4 × 128 tokens in float32, by optimizer; rank 64 in all matrices but embeddings, their subspaces found in these steps. "
             "`per_layer` projects every gradient during the backward pass and lets go of it, so the whole gradient never exists.\n\n"
             "| | peak MiB |\n|---|---|\n")
    for name, optimizer in OPTIMIZERS:
        peak, _ = run(bench, ["task.length=128", "training.batch_size=4", "training.precision=float32", "training.clip_norm=null",
                              f"optimizer={optimizer}"])
        text += f"| {name} | {peak:.0f} |\n"
    for name, optimizer in PEERS:
        found = bench.peer("lm_train", "--config", "smollm2-135M", "--batch", 4, "--seq", 128, "--optimizer", optimizer, "--repeat", 2,
                           "--threads", 1, environment=ALLOCATOR)
        text += f"| {name} | {found['peak_mem_mb']:.0f} |\n"
    return "Memory of language model training", text
