#!/usr/bin/env python3
"""Fills tables of docs with rows of docs/reproduction.md, so that no number in them is typed.

usage: scripts/numbers.py            writes the tables anew
       scripts/numbers.py --check    writes nothing; exit code 1 and the pages' names when one is not what it would write

A page asks for rows between two comments; a line names a configuration below FOLDER and one of its claims, and what to call them:

    <!-- numbers of FOLDER
    CONFIGURATION | CLAIM | in words
    -->
    (the table)
    <!-- end of numbers -->
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"(<!-- numbers of (\S+)\n(.*?)-->\n)(.*?)(<!-- end of numbers -->)", re.DOTALL)


def rows():
    """{(configuration, claim): (expected, got)} of the page of reproduction."""
    found = {}
    for line in (ROOT / "docs/reproduction.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == 7 and cells[0].startswith("configs/"):
            found[cells[0].split()[0], cells[1]] = cells[2], cells[3]
    return found


def shorter(number):
    """Four digits."""
    return f"{float(number):#.4g}"


def table(folder, wanted, found, page):
    lines = ["| configuration | what | expected | measured |", "|---|---|---|---|"]
    for line in wanted.strip().splitlines():
        configuration, claim, words = (part.strip() for part in line.split(" | "))
        key = f"{folder}/{configuration}.yaml", claim
        if key not in found:
            sys.exit(f"{page}: docs/reproduction.md has no row '{claim}' of {key[0]}")
        expected, got = found[key]
        lines.append(f"| `{configuration}` | {words} | {expected} | {shorter(got)} |")
    return "\n".join(lines) + "\n"


def main():
    found, differing = rows(), []
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()
        written = BLOCK.sub(lambda m: m[1] + table(m[2], m[3], found, page.name) + m[5], text)
        if written == text:
            continue
        differing.append(page.name)
        if "--check" not in sys.argv[1:]:
            page.write_text(written)
    if "--check" in sys.argv[1:] and differing:
        sys.exit(f"not what scripts/numbers.py writes: {', '.join(differing)}")


if __name__ == "__main__":
    main()
