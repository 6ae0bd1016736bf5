#!/usr/bin/env python3
"""Changes formulas on purpose and asks the tests: a change that they do not notice is a fault of the tests.

usage: scripts/mutants.py [--share S] [--seed N] [LIBRARY…]     libraries: the files of tests/mutants; default: all

tests/mutants/LIBRARY.toml lists small wrong changes (a sign, a constant, a dropped term, an index), each with the file, the text and
what takes its place, and the test that must fail. The sources are copied to build/mutants and changed there, one file at a time;
`--share 0.1` takes a random tenth, by `--seed` (default: the day of the year). Exit code 1 when a mutant survives.
"""

import argparse
import datetime
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build/mutants"
SOURCE, BUILD = FOLDER / "source", FOLDER / "build"
PARTS = ("app", "bench", "cmake", "cluster", "configs", "core", "models", "optim", "tasks", "tests", "CMakeLists.txt", "CMakePresets.json")
MOST_SECONDS = 120  # of one test; a mutant that hangs is noticed too


def copy_sources():
    """Files that differ are copied and others left alone, so that a second call compiles what changed."""
    for part in PARTS:
        files = [ROOT / part] if (ROOT / part).is_file() else [f for f in (ROOT / part).rglob("*") if f.is_file()]
        for file in files:
            target = SOURCE / file.relative_to(ROOT)
            if not target.exists() or target.read_bytes() != file.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)
                os.utime(target)


def configure():
    cache = (ROOT / "build/release/CMakeCache.txt").read_text()
    torch = next(line.split("=", 1)[1] for line in cache.splitlines() if line.startswith("TALWEG_TORCH_ROOT:PATH="))
    subprocess.run(["cmake", "-S", SOURCE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DTALWEG_UNITY=OFF",
                    "-DTALWEG_BENCH=OFF", "-DCMAKE_CXX_FLAGS_RELEASE=-O1", f"-DTALWEG_TORCH_ROOT={torch}"],
                   check=True, stdout=subprocess.DEVNULL)


def build(test):
    return subprocess.run(["ninja", "-C", BUILD, test], capture_output=True, text=True)


def passes(test):
    program = next(BUILD.rglob(test))
    try:
        return subprocess.run([program, "--gtest_fail_fast", "--gtest_brief=1"], capture_output=True, timeout=MOST_SECONDS, cwd=BUILD,
                              env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def tried(test, mutant):
    """"noticed", "SURVIVES", or what is wrong with the list itself."""
    file = SOURCE / mutant["file"]
    text = file.read_text()
    if text.count(mutant["was"]) != 1:
        return f"its text stands {text.count(mutant['was'])} times in the file"
    file.write_text(text.replace(mutant["was"], mutant["is"]))
    try:
        built = build(test)
        if built.returncode != 0:
            errors = [line for line in built.stdout.splitlines() if "error" in line]
            return "does not compile: " + (errors or [built.stdout[-200:]])[0]
        return "SURVIVES" if passes(test) else "noticed"
    finally:
        file.write_text(text)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--share", type=float, default=1)
    arguments.add_argument("--seed", type=int, default=datetime.date.today().timetuple().tm_yday)
    arguments.add_argument("libraries", nargs="*", metavar="LIBRARY")
    given = arguments.parse_args()
    lists = {path.stem: tomllib.loads(path.read_text()) for path in sorted((ROOT / "tests/mutants").glob("*.toml"))}
    unknown = set(given.libraries) - set(lists)
    if unknown:
        sys.exit(f"tests/mutants has no list {', '.join(sorted(unknown))}; there are: {', '.join(lists)}")
    copy_sources()
    configure()
    failures = count = 0
    for library in given.libraries or lists:
        test, mutants = lists[library]["test"], lists[library]["mutant"]
        chosen = sorted(random.Random(given.seed).sample(range(len(mutants)), max(1, round(given.share * len(mutants)))))
        built = build(test)
        if built.returncode != 0 or not passes(test):
            sys.exit(f"{test} does not pass without a change: {built.stdout[-500:]}")
        for number in chosen:
            mutant, begin = mutants[number], time.monotonic()
            result = tried(test, mutant)
            failures += result != "noticed"
            count += 1
            if result != "noticed":
                print(f"{library}: {mutant['file']}: {result}\n  - {mutant['was']}\n  + {mutant['is']}", flush=True)
            print(f"{library} {number + 1}/{len(mutants)}: {result} ({time.monotonic() - begin:.0f} s)", file=sys.stderr, flush=True)
    print(f"{count - failures} of {count} changes were noticed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
