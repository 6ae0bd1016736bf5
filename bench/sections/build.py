"""Compiling the project from nothing, with no compiler cache."""

import os
import pathlib
import resource
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "CCACHE_DISABLE": "1"}


def run(*command):
    """Seconds of all processors, and seconds waited, for a command."""
    used, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime, time.monotonic() - begin


def minutes(seconds):
    return f"{seconds / 60:.1f} min"


def measure(bench):
    cache = (bench.build / "CMakeCache.txt").read_text()
    torch = next(line for line in cache.splitlines() if line.startswith("TALWEG_TORCH_ROOT:")).split("=", 1)[1]
    with tempfile.TemporaryDirectory() as scratch:
        def build(preset, *targets):
            folder = f"{scratch}/{preset}"
            run("cmake", "--preset", preset, "-B", folder, f"-DTALWEG_TORCH_ROOT={torch}")
            return run("ninja", "-C", folder, *targets)

        program = build("release", "talweg", "talweg_engine")
        tests = build("release", "all")
        again = {}
        for file in ("optim/adam.cpp", "tasks/language_modeling/language_modeling.cpp"):
            (ROOT / file).touch()
            again[file] = run("ninja", "-C", f"{scratch}/release", "talweg", "talweg_engine")
        alone = build("alone", "talweg_alone")
        sanitized = build("asan", "talweg_fuzz", "core_test")
    run("scripts/setup.sh", "--cuda-sources")
    run("ninja", "-C", "build/cuda-sources", "-t", "clean")
    cuda = run("ninja", "-C", "build/cuda-sources", "talweg_cuda_sources")
    everything = [sum(numbers) for numbers in zip(program, tests, alone, sanitized, cuda)]
    rows = [("the program, as the first command builds it", program, "≤ 12 min of processors"),
            ("the tests besides", tests, ""),
            ("every file by itself, read by clang", alone, ""),
            ("core and its tests under ASan and UBSan", sanitized, ""),
            ("CUDA sources", cuda, ""),
            ("all that continuous integration compiles", everything, "≤ 45 min of processors")]
    rows += [(f"the program again after a change of `{file}`", figures, "≤ 30 s waiting" if "optim" in file else "")
             for file, figures in again.items()]
    table = "\n".join(f"| {what} | {minutes(processors)} | {minutes(wall) if wall > 90 else f'{wall:.0f} s'} | {goal} |"
                      for what, (processors, wall), goal in rows)
    return "Building", f"""Nothing cached, {os.cpu_count()} processors. Units of files and what else makes this fast: `cmake/TalwegUnity.cmake`.

| what | time of processors | waiting | goal |
|---|---|---|---|
{table}
"""
