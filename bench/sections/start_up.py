"""Whole processes from their start."""

import json
import pathlib

from write_performance import duration


def measure(bench):
    seconds = json.loads(bench.python(pathlib.Path(__file__).parents[1] / "startup.py", bench.program))
    return "Start-up (whole process)", f"""| command | time | goal |
|---|---|---|
| `talweg --help` | {duration(seconds["help"])} | < 50 ms |
| `talweg version` (loads LibTorch) | {duration(seconds["version"])} | |
| quickstart with one step, two evaluations, checkpoint and report | {duration(seconds["first_step"])} | < 1.5 s |
"""
