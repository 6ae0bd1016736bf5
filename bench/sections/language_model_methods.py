"""Fine-tuning SmolLM2-135M on the King James Bible by every method of configs/language_modeling: perplexity at equal steps
and at equal time, optimizer state, and where the time of a step goes."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
METHODS = [("AdamW", "smollm2_adamw"), ("LoRA, r = 8, attention", "smollm2_lora"), ("GaLore, r = 64", "smollm2_galore"),
           ("LORENZA, r = 64, ρ = 0.01", "smollm2_lorenza"),
           ("AdaZo-SAM over LoRA, ρ = 0.05, half the batch", "smollm2_adazo_sam_lora")]
PHASES = ("probe", "backward", "projection", "refresh", "update")


def run(bench, config, folder):
    """What a run recorded: perplexity by step, seconds by step, bytes of optimizer state, milliseconds by phase."""
    subprocess.run([bench.program, "train", ROOT / f"configs/language_modeling/{config}.yaml", "--output", folder, "--quiet",
                    "--set", "diagnostics.step_time=true", "--set", "task.samples.prompts=[]"], check=True, cwd=ROOT,
                   stdout=subprocess.DEVNULL)
    records = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    perplexity = {r["step"]: r["eval/perplexity"] for r in records if "eval/perplexity" in r}
    times = [r for r in records if any(key.startswith("time/") for key in r)]
    phases = {phase: sum(r.get(f"time/{phase}", 0) for r in times) / len(times) for phase in PHASES}
    state = sum(file.stat().st_size for file in sorted((folder / "checkpoints").glob("step-*"))[-1].glob("optimizer*"))
    return perplexity, phases, state, records[-1]["step"]


def at_time(perplexity, seconds_a_step, seconds):
    """The perplexity of the last evaluation that steps alone reach within so many seconds."""
    within = [step for step in perplexity if step * seconds_a_step <= seconds]
    return perplexity[max(within)], max(within)


def measure(bench):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="talweg-methods-"))
    try:
        runs = {name: run(bench, config, folder / config) for name, config in METHODS}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    step = {name: sum(phases.values()) / 1e3 for name, (_, phases, _, _) in runs.items()}
    budget = step["AdamW"] * runs["AdamW"][3]
    text = ("SmolLM2-135M reads the King James Bible (`configs/language_modeling/smollm2_*.yaml`): 40 steps of 4 × 128 tokens in "
            "bfloat16 autocast, one seed, whole runs by `talweg train` with `diagnostics.step_time`. \"Equal time\" is that of "
            "AdamW's 40 steps, evaluations left out, at the last evaluation within it (every 10 steps). Optimizer state is that of "
            "the checkpoint. LORENZA and GaLore renew their subspaces every 20 steps.\n\n"
            "| | perplexity before | after 40 steps | at equal time | state, MiB | step, s | " +
            " | ".join(f"{phase}, ms" for phase in PHASES) + " |\n|" + "---|" * (6 + len(PHASES)) + "\n")
    for name, (perplexity, phases, state, steps) in runs.items():
        then, reached = at_time(perplexity, step[name], budget)
        text += (f"| {name} | {perplexity[0]:.2f} | {perplexity[steps]:.2f} | {then:.2f} (step {reached}) | {state / 2**20:.1f} | "
                 f"{step[name]:.2f} | " + " | ".join(f"{phases[phase]:.0f}" if phases[phase] else "–" for phase in PHASES) + " |\n")
    return "Fine-tuning methods on one language model", text
