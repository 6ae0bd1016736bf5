"""Where the time of the test suite goes."""

import os
import pathlib
import subprocess
import tempfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHOWN = 20

# What each of the slow ones is worth its time for; a name stands for all that begin with it.
WORTH = {
    "science.LorenzaOnLanguage": "trains small language models with each method to the perplexities of the dossier",
    "e2e.training": "the program as a user runs it: kill -9, full disk, signals, resume bit for bit",
    "e2e.language_models": "real weights fine-tuned, exported, opened by the reference library",
    "e2e.studies": "every study killed and resumed by the program",
    "e2e.consumer": "installs the package and builds README's program and every optimizer against it",
    "e2e.commands": "every command's words, the schema over all configurations",
    "e2e.setup": "set-up on a machine that has nothing, its progress and its messages",
    "dist.ranks_": "every optimizer on two and four ranks equals one process",
    "dist.ranks": "ranks that die, freeze, differ or fail are named; resume on other numbers of ranks",
    "dist.two_hosts": "two network namespaces with a slow and a lossy link",
    "tasks.Matrix": "every optimizer on every task: three steps, save, resume, equal to six",
    "tasks.OptimizerOptions": "both ends of every option of every optimizer",
    "tasks.StudyMatrix": "every study killed after every third step",
    "models.ConvolutionLayout": "kernels, strides and channels against float64, and on a processor without AVX-512",
    "tasks.InContextRegression": "closed forms of attention beside models of every kind, and their gradients",
    "tasks.LineSearchTheory": "the rates that theory promises line searches, step by step",
    "optim.DpSgd": "moments of the noise, ledgers, the price of every sampler",
    "science.SmolLm2": "logits of real weights beside the reference library's",
    "science.": "a theorem's number, at the size where it shows",
    "interop.": "equal to the reference library",
}


def why(name):
    best = max((known for known in WORTH if name.startswith(known)), key=len, default=None)
    return WORTH.get(best, "")


def measure(bench):
    subprocess.run(["ninja", "-C", bench.build, "all"], check=True, stdout=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "tests.xml"
        subprocess.run(["ctest", "--test-dir", bench.build, "-j", str(os.cpu_count()), "--output-junit", report],
                       stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True)
        suite = xml.parse(report).getroot()
    times = sorted(((float(case.get("time")), case.get("name")) for case in suite.iter("testcase")), reverse=True)
    total = sum(time for time, _ in times)
    rows = "\n".join(f"| `{name}` | {time:.0f} s | {why(name)} |" for time, name in times[:SHOWN])
    rest = sum(time for time, _ in times[SHOWN:])
    return "Tests", f"""{len(times)} tests, {total / 60:.1f} minutes one after the other, {float(suite.get("time", 0)) / 60:.1f} minutes on
{os.cpu_count()} processors, one thread each. The slowest {SHOWN}; the other {len(times) - SHOWN} take {rest / 60:.1f} minutes together.

| test | time | worth it for |
|---|---|---|
{rows}
"""
