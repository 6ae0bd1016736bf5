"""Measures sections of docs/performance.md and replaces them there, leaving the others: write_performance.py BUILD [--vectors avx2] [NAME…]

A section is a module bench/sections/NAME.py with a function `measure(bench)` that answers Markdown; `bench` runs the
programs of the build and the peers. Sections stand in the page in the order of their files' names. With `--vectors`
all programs, the peers' too, are held to that processor's vectors, and the section stands beside the one without.
"""

import argparse
import datetime
import gzip
import importlib
import json
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/performance.md"
HEAD = """# Performance

Written by `bench/run.sh`, section by section; each says on what it was measured. Times belong to that machine; ratios are of one
run. Nothing here was measured on a GPU yet.

Kernels run on the widest vectors that the processor has; `TALWEG_VECTORS=baseline|avx2|avx512` caps them, so that a machine can measure
narrower ones. Sections "with AVX2" are measured so (`bench/run.sh --vectors avx2 NAME…`), and everything that the peers use is capped
alike: LibTorch (`ATEN_CPU_CAPABILITY`), MKL, oneDNN, OpenBLAS and numpy.

"""

# What holds LibTorch, MKL, oneDNN, OpenBLAS and numpy, ours and the peers', to the vectors of a processor.
CAPS = {"avx2": {"TALWEG_VECTORS": "avx2", "ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
                 "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell",
                 "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"}}


class Bench:
    """What a section measures with: our programs and the peers' scripts, both answering JSON."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.digits = gzip.decompress((ROOT / "core/data/bundled/digits.csv.gz").read_bytes())

    def ours(self, program, *arguments, environment=None):
        """The JSON that bench_PROGRAM prints; it is built first."""
        subprocess.run(["ninja", "-C", self.build, f"bench_{program}"], check=True, stdout=subprocess.DEVNULL)
        command = [self.build / "bench" / f"bench_{program}", *map(str, arguments)]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT,
                                         env={**os.environ, **(environment or {})}).stdout)

    def peer(self, script, *arguments, stdin=None, environment=None):
        """The JSON that bench/peers/SCRIPT.py prints."""
        return json.loads(self.python(ROOT / "bench/peers" / f"{script}.py", *arguments, stdin=stdin,
                                      environment=environment))

    def python(self, script, *arguments, stdin=None, environment=None):
        """The last line that a Python script prints."""
        done = subprocess.run([sys.executable, script, *map(str, arguments)], check=True, input=stdin, cwd=ROOT,
                              stdout=subprocess.PIPE, env={**os.environ, **(environment or {})})
        return (done.stdout.decode().strip().splitlines() or [""])[-1]

    @property
    def program(self):
        return self.build / "app/talweg"


def duration(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def provenance():
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                     platform.machine())
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout
    return (f"*{datetime.date.today()}, commit {commit.strip()}, {processor}, {os.environ.get('OMP_NUM_THREADS', 'all')} "
            f"thread(s), Python {platform.python_version()}, torch 2.11.0.*\n")


def main():
    sys.path[:0] = [str(ROOT / "bench")]
    names = sorted(path.stem for path in (ROOT / "bench/sections").glob("*.py"))
    arguments = argparse.ArgumentParser(description="Measures sections of docs/performance.md.")
    arguments.add_argument("build")
    arguments.add_argument("--vectors", choices=CAPS, help="the widest vectors that ours and the peers may use")
    arguments.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all by default")
    given = arguments.parse_intermixed_args()
    unknown = set(given.names) - set(names)
    if unknown:
        sys.exit(f"there is no section {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    page = PAGE.read_text() if PAGE.exists() else ""
    sections = dict(re.findall(r"<!-- ([\w ]+) -->\n(.*?)(?=<!-- [\w ]+ -->\n|\Z)", page, re.S))
    keys = [f"{name}{suffix}" for name in names for suffix in ("", *(f" {cap}" for cap in CAPS))]
    os.environ.update(CAPS.get(given.vectors, {}))
    bench = Bench(given.build)
    for name in given.names or names:
        print(f"measuring {name}", file=sys.stderr)
        title, text = importlib.import_module(f"sections.{name}").measure(bench)
        if given.vectors:
            name, title = f"{name} {given.vectors}", f"{title}, with {given.vectors.upper()}"
        sections[name] = f"## {title}\n\n{provenance()}\n{text.strip()}\n\n"
        PAGE.write_text(HEAD + "".join(f"<!-- {key} -->\n{sections[key]}" for key in keys if key in sections))
        print(sections[name])


if __name__ == "__main__":
    main()
