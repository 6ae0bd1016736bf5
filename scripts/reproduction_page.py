"""Writes verdicts of `talweg reproduce --table` to a page of docs, or merges them into the one that is there.

usage: reproduction_page.py PAGE TABLE TITLE COMMAND EXAMPLE     a new page of all rows of TABLE
       reproduction_page.py PAGE TABLE --update                  replaces the rows of TABLE's configurations in PAGE
"""

import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys

HEAD = ["configuration", "claim", "expected", "got", "verdict", "source", "kind"]

# What a row is compared with, by the words of its source; the first that fits.
KINDS = [
    ("independent", r"independent|simulation|golden|Monte Carlo|long double|integrated flow|pycma|code of arXiv"),
    ("theory", r"closed form|theorem|lemma|proposition|thm|equations|E tr|d\(d\+1\)|d − 2|guesses|accountant|multiplier of the orbit|"
               r"[Γηρπσ√]|8·|0\.7\^|flattest|mean-field flow|asymptotic|projection"),
    ("paper's claim, our number", r"trend|setting of|number ours|factor ours|protocol|abstract|samples; number|published"),
    ("own output", r"^ours"),
    ("paper's statement", r"\d{4}"),
]


def kind_of(source):
    return next((kind for kind, words in KINDS if re.search(words, source)), "own output")


def rows_of(text):
    """The rows of a table, each as its six first cells."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| ")]
    return [row[:6] for row in rows if row[0] != HEAD[0]]


def provenance():
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True).stdout.strip()
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"{datetime.date.today()}, commit {commit}, {platform.machine()}, LibTorch 2.11.0 on {threads} thread(s) of a processor"


def page_of(lines, rows):
    """The page from its lines above the table and its rows; the counts are made anew."""
    met, kinds = sum(row[4] == "met" for row in rows), [kind_of(row[5]) for row in rows]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind, _ in KINDS)
    counted = [f"{met} of {len(rows)} expectations met.", "",
               f"What a row is compared with ({counts}): *independent*: another program or a simulation; *theory*: a closed form or a theorem; *paper's statement*:",
               "as a paper gives it ([what was read of the papers](sources.md)); *paper's claim, our number*: the paper states the trend or the setting; *own output*: an earlier result of this program, which",
               "shows that nothing has changed and not that it is right.", ""]
    table = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    table += ["| " + " | ".join(row + [kind]) + " |" for row, kind in zip(rows, kinds)]
    return "\n".join(lines + counted + table) + "\n"


def updated(page, rows):
    text = page.read_text()
    above = text[:text.index("| configuration |")].splitlines()
    end = next(i for i, line in enumerate(above) if "expectations met" in line)
    lines = [*above[:end], re.sub(r"[.;]? *\d+ of \d+ expectations met\.", "", above[end]).rstrip()]
    lines = [line for i, line in enumerate(lines) if line or i < len(lines) - 1]
    names = sorted({row[0].split()[0] for row in rows})
    folders = sorted({str(pathlib.PurePath(name).parent) for name in names})
    lines.append(f"{', '.join(folders)} ({len(names)} configurations): {provenance()}.")
    old = [row for row in rows_of(text) if row[0].split()[0] not in names]
    merged = old + rows
    order = {name: i for i, name in enumerate(sorted({row[0].split()[0] for row in merged}))}
    return page_of(lines, sorted(merged, key=lambda row: order[row[0].split()[0]]))


def main():
    page, table = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).read_text()
    rows = rows_of(table)
    if not rows:
        sys.exit("no verdicts: the page stays as it is")
    if sys.argv[3:] == ["--update"]:
        text = updated(page, rows)
    else:
        title, command, example = sys.argv[3:]
        text = page_of([f"# {title}", "",
                        f"Written by `{command}`: every configuration below states in its `expect:` section what a theory, a paper or an independent",
                        f"computation says, and was run with the seeds it names. One of them: `./talweg reproduce {example}`.", "",
                        f"{provenance()}."], rows)
    aside = page.with_name(page.name + ".new")
    aside.write_text(text)
    aside.replace(page)


if __name__ == "__main__":
    main()
