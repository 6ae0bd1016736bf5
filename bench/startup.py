"""Wall-clock seconds of whole processes, medians of 15: --help, version, and the quickstart up to its first step."""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[1]


def seconds(*arguments, before=lambda: None):
    values = []
    for _ in range(15):
        before()
        begin = time.perf_counter()
        subprocess.run([PROGRAM, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        values.append(time.perf_counter() - begin)
    return statistics.median(values)


with tempfile.TemporaryDirectory() as folder:
    run = pathlib.Path(folder) / "run"
    one_step = ["train", "configs/quickstart.yaml", "--output", str(run), "--set", "training.epochs=",
                "--set", "training.steps=1", "--quiet"]
    print(json.dumps({"help": seconds("--help"), "version": seconds("version"),
                      "first_step": seconds(*one_step, before=lambda: shutil.rmtree(run, ignore_errors=True))}))
