"""Tokenizers beside the Hugging Face library's."""

import os
import pathlib
import tempfile


def measure(bench):
    data = pathlib.Path(os.environ.get("TALWEG_DATA_DIR") or pathlib.Path(__file__).resolve().parents[2] / "data")
    text, minilm = data / "kjv.txt", data / "minilm/tokenizer.json"
    with tempfile.TemporaryDirectory() as folder:
        description = f"{folder}/tokenizer.json"
        ours = bench.ours("tokenizers", data / "smollm2-135m-instruct.q4_1.gguf", minilm, text, description)
        theirs = bench.peer("tokenizers_peer", description, minilm, text)
    rows = ""
    for key, name in (("bpe", "byte-level BPE (SmolLM2)"), ("word_piece", "WordPiece (MiniLM)")):
        assert ours[key]["tokens"] == theirs[key]["tokens"], "both must answer the same ids"
        a, b = ours[key]["megabytes_per_second"], theirs[key]["megabytes_per_second"]
        rows += f"| {name} | {a:.1f} | {b:.2f} | {a / b:.0f}× |\n"
    return "Tokenizers", f"""Every verse of the King James Bible on its own, one thread, as many ids on both sides.

| tokenizer | Talweg MB/s | tokenizers 0.23.1 MB/s | ratio |
|---|---|---|---|
{rows}"""
