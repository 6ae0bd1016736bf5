"""Megabytes per second of the Hugging Face tokenizers on one thread, every line on its own: BPE.json WORDPIECE.json TEXT."""

import json
import os
import pathlib
import statistics
import sys
import time

os.environ["RAYON_NUM_THREADS"] = "1"
from tokenizers import Tokenizer

raw = pathlib.Path(sys.argv[3]).read_bytes()
lines = raw.decode().splitlines()


def measure(path):
    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rates = []
    for _ in range(5):
        begin = time.perf_counter()
        tokens = sum(len(tokenizer.encode(line, add_special_tokens=False).ids) for line in lines)
        rates.append(len(raw) / 1e6 / (time.perf_counter() - begin))
    return {"megabytes_per_second": statistics.median(rates), "tokens": tokens}


print(json.dumps({"bpe": measure(sys.argv[1]), "word_piece": measure(sys.argv[2])}))
