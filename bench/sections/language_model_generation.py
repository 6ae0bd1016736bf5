"""Tokens per second of greedy decoding of SmolLM2-135M: ours in float32, bfloat16 and from the file's own blocks, beside the
Hugging Face library and ik_llama.cpp."""

import os
import pathlib

ROUNDS = 2
TOKENS = 48
PARAMETERS = 134.5  # millions, the tied embedding once


def gguf():
    folder = pathlib.Path(os.environ.get("TALWEG_DATA_DIR", "data"))
    path = folder / "smollm2-135m-instruct.q4_1.gguf"
    if not path.exists():
        raise SystemExit(f"{path} is not there: scripts/fetch_data.sh smollm2")
    return path


def ours(bench, weights):
    result = bench.ours("language_model", "generate", f"gguf={gguf()}", f"weights={weights}", f"new-tokens={TOKENS}")
    return result["cpu_decode_tokens_per_s_best"], result["prefill_tokens_per_s_best"], result["peak_mem_mb"]


def transformers(bench, dtype):
    result = bench.peer("lm_train", "--mode", "generate", "--config", "smollm2-135M", "--batch", 1, "--new-tokens", TOKENS,
                        "--dtype", dtype, "--threads", 1, "--repeat", 2)
    return 1e3 / result["cpu_ms_per_step_min"], result["prefill_tokens_per_s_best"], result["peak_mem_mb"]


def llama_cpp(bench):
    result = bench.peer("lm_llama_cpp", "--gguf", gguf(), "--new-tokens", TOKENS, "--threads", 1)
    return 1e3 / result["cpu_ms_per_step_min"], result["prefill_tokens_per_s_best"], result["peak_mem_mb"]


def measure(bench):
    ways = {"**Talweg**, float32": lambda: ours(bench, "float32"),
            "**Talweg**, `--weights bfloat16`": lambda: ours(bench, "bfloat16"),
            "**Talweg**, `--weights blocks` (Q4_1, Q8_0)": lambda: ours(bench, "blocks"),
            "transformers, float32": lambda: transformers(bench, "fp32"),
            "transformers, bfloat16": lambda: transformers(bench, "bf16"),
            "ik_llama.cpp, the same file": lambda: llama_cpp(bench)}
    found = {}
    for _ in range(ROUNDS):
        for name, run in ways.items():
            found.setdefault(name, []).append(run())
    text = ("SmolLM2-135M, one sequence, a prompt of 32 tokens, greedy; one thread. Decoding in tokens per second of processor time, "
            f"best of {ROUNDS} rounds in turns; reading the prompt in tokens per second of wall-clock time.\n\n"
            "| | decoding, tokens/s | reading, tokens/s | peak MB |\n|---|---|---|---|\n")
    for name, rounds in found.items():
        decode, fill, memory = max(r[0] for r in rounds), max(r[1] for r in rounds), min(r[2] for r in rounds)
        text += f"| {name} | {decode:.1f} | {fill:.0f} | {memory:.0f} |\n"
    bandwidth = bench.ours("language_model", "read_memory")["gigabytes_per_second"]
    return "Language model generation", text + (
        f"\nEvery token takes all weights, and one core reads {bandwidth:.1f} GB/s here (512 MiB as four streams): about "
        f"{1e3 * bandwidth / (4 * PARAMETERS):.0f} tokens/s from float32 and {1e3 * bandwidth / (2 * PARAMETERS):.0f} from bfloat16 are all there is.\n"
        "\nGoals: bfloat16 ≥ 60 tokens/s; blocks ≥ ik_llama.cpp. Inputs and sums are float32 in all of ours, so blocks give what "
        "float32 gives, to rounding. Peaks of ours contain the float32 weights that packed ones are made from at the start.\n")
