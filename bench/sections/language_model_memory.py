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
            "those of the two steps: what saves memory changes no result.\n\n"
            "| | float32: peak MiB | losses | bfloat16 autocast: peak MiB | losses |\n|---|---|---|---|---|\n")
    for name, length, batch, extra in ROWS:
        cells = []
        for precision in ("float32", "bfloat16"):
            peak, losses = run(bench, [f"task.length={length}", f"training.batch_size={batch}", f"training.precision={precision}",
                                       *extra])
            cells += [f"{peak:.0f}", ", ".join(f"{loss:.4f}" for loss in losses)]
        text += f"| {name} | " + " | ".join(cells) + " |\n"
    return "Memory of language model training", text
