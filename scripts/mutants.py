#!/usr/bin/env python3
"""Changes formulas on purpose and asks the tests: a change that they do not notice is a fault of the tests.

usage: scripts/mutants.py [--share S] [--seed N] [--jobs J] [LIBRARY…]     libraries: the files of tests/mutants; default: all

tests/mutants/LIBRARY.toml lists small wrong changes (a sign, a constant, a dropped term, an index), each with the file, the text and
what takes its place, and the test that must fail (of it those of `filter`, where a list has one). Needs the built tests of
build/release, which stay as they are: the changed file is compiled by itself with its flags there and linked before the libraries, so
that its functions take the place of theirs. Where the test does not notice, whatever the compiler may have inlined is compiled anew too,
before the change counts as surviving. `--share 0.1` takes a random tenth, by `--seed` (default: the day of the year). Exit code 1
when a mutant survives.
"""

import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD, FOLDER = ROOT / "build/release", ROOT / "build/mutants"
MOST_SECONDS = 300  # of one test; a mutant that hangs is noticed too


def answer(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Programs:
    """What build/release knows of its objects and tests."""

    def __init__(self):
        entries = json.loads(answer("ninja", "-C", BUILD, "-t", "compdb"))
        self.compile = {entry["output"]: entry for entry in entries if entry["output"].endswith(".o")}
        self.sources = {}  # of each object, as its unit includes them
        for output, entry in self.compile.items():
            file = pathlib.Path(entry["file"])
            text = file.read_text() if file.is_file() and file.name.startswith("unity_") else f'#include "{file}"'
            self.sources[output] = re.findall(r'#include "([^"]+)"', text)
        self.headers = {}  # object: what it was last compiled from
        for block in answer("ninja", "-C", BUILD, "-t", "deps").split("\n\n"):
            name, _, files = block.partition(": #deps")
            self.headers[name.strip()] = files
        self.links = {}

    def link(self, test):
        if test not in self.links:
            self.links[test] = answer("ninja", "-C", BUILD, "-t", "commands", test).strip().splitlines()[-1]
        return self.links[test]

    def objects_with(self, file, test):
        """Objects that `test` is linked from, by themselves or in a library, and that are compiled from `file`."""
        path, link = str(ROOT / file), self.link(test)
        found = [o for o in self.compile if path in self.sources[o] or path in self.headers.get(o, "")]
        return [o for o in found if o in link or re.sub(r".*CMakeFiles/(talweg_\w+)\.dir/.*", r"lib\1.a", o) in link]


class Mutant:
    """One change, compiled and linked in a folder of its own."""

    def __init__(self, programs, test, chosen_tests, change, folder):
        self.programs, self.test, self.chosen_tests, self.change, self.folder = programs, test, chosen_tests, change, folder

    def result(self):
        """"noticed", "SURVIVES", or what is wrong with the list itself."""
        file = self.change["file"]
        text = (ROOT / file).read_text()
        if text.count(self.change["was"]) != 1:
            return f"its text stands {text.count(self.change['was'])} times in the file"
        shutil.rmtree(self.folder, ignore_errors=True)
        changed = self.folder / "source" / file
        changed.parent.mkdir(parents=True)
        changed.write_text(text.replace(self.change["was"], self.change["is"]))
        objects = self.programs.objects_with(file, self.test)
        if not objects:
            return f"{self.test} is not linked from its file"
        try:
            if file.endswith(".cpp"):
                if not self.passes({objects[0]: self.compiled(objects[0], f'#include "{changed}"\n')}):
                    return "noticed"
                if self.programs.sources[objects[0]] == [str(ROOT / file)]:
                    return "SURVIVES"
            # All that may have a copy of the function.
            units = {}
            for o in objects:
                unit = "".join(f'#include "{changed if source == str(ROOT / file) else source}"\n' for source in self.programs.sources[o])
                units[o] = self.compiled(o, unit)
            return "SURVIVES" if self.passes(units) else "noticed"
        except subprocess.CalledProcessError as error:
            errors = [line for line in error.stderr.splitlines() if "error" in line or "undefined" in line]
            return "does not compile: " + (errors or [error.stderr[-300:]])[0]
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def compiled(self, o, text):
        entry = self.programs.compile[o]
        unit = self.folder / f"unit_{abs(hash((o, text)))}.cpp"
        unit.write_text(text)
        command = re.sub(r"^.*?/ccache ", "", entry["command"])
        command = re.sub(r" -M[DTF]( \S+)?(?= )", "", command).replace(f"-I{ROOT} ", f"-I{self.folder}/source -I{ROOT} ", 1)
        command = command.replace(f"-o {o}", f"-o {unit}.o").replace(f"-c {entry['file']}", f"-c {unit}")
        self.run(command)
        return f"{unit}.o"

    def passes(self, units):
        link, program = self.programs.link(self.test), self.folder / self.test
        before = []
        for original, unit in units.items():
            if original in link:
                link = link.replace(original, unit)
            else:
                before.append(unit)
        link = re.sub(r"(\S*c\+\+ )", rf"\1-Wl,-z,muldefs {' '.join(before)} ", link, count=1)
        self.run(re.sub(r"-o tests/\S+", f"-o {program}", link))
        try:
            return subprocess.run([program, "--gtest_fail_fast", "--gtest_brief=1", f"--gtest_filter={self.chosen_tests}"],
                                  capture_output=True, timeout=MOST_SECONDS, cwd=self.folder,
                                  env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    @staticmethod
    def run(command):
        subprocess.run(command, shell=True, check=True, capture_output=True, text=True, cwd=BUILD)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--share", type=float, default=1)
    arguments.add_argument("--seed", type=int, default=datetime.date.today().timetuple().tm_yday)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments.add_argument("libraries", nargs="*", metavar="LIBRARY")
    given = arguments.parse_args()
    lists = {path.stem: tomllib.loads(path.read_text()) for path in sorted((ROOT / "tests/mutants").glob("*.toml"))}
    unknown = set(given.libraries) - set(lists)
    if unknown:
        sys.exit(f"tests/mutants has no list {', '.join(sorted(unknown))}; there are: {', '.join(lists)}")
    tests = sorted({lists[library]["test"] for library in given.libraries or lists})
    subprocess.run(["ninja", "-C", BUILD, "--quiet", *tests], check=True)
    programs = Programs()
    chosen = []
    for library in given.libraries or lists:
        mutants = lists[library]["mutant"]
        for number in sorted(random.Random(given.seed).sample(range(len(mutants)), max(1, round(given.share * len(mutants))))):
            mutant = Mutant(programs, lists[library]["test"], lists[library].get("filter", "*"), mutants[number],
                            FOLDER / f"{library}_{number}")
            chosen.append((f"{library} {number + 1}/{len(mutants)}", mutant))

    def tried(named):
        name, mutant = named
        begin = time.monotonic()
        result = mutant.result()
        if result != "noticed":
            print(f"{name}: {mutant.change['file']}: {result}\n  - {mutant.change['was']}\n  + {mutant.change['is']}", flush=True)
        print(f"{name}: {result} ({time.monotonic() - begin:.0f} s)", file=sys.stderr, flush=True)
        return result == "noticed"

    with concurrent.futures.ThreadPoolExecutor(given.jobs) as pool:
        noticed = sum(pool.map(tried, chosen))
    print(f"{noticed} of {len(chosen)} changes were noticed")
    sys.exit(0 if noticed == len(chosen) else 1)


if __name__ == "__main__":
    main()
