"""Reads what write_tensorboard_events wrote with TensorBoard's own reader.

usage: read_events.py PATH_OF_write_tensorboard_events
Ends with 77 (skipped) when TensorBoard is not installed.
"""

import math
import os
import subprocess
import sys
import tempfile

try:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
except ImportError as error:
    print(f"skipped: {sys.executable} has no TensorBoard ({error}); "
          f"install {os.path.join(os.path.dirname(__file__), 'requirements.txt')}")
    sys.exit(77)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"{what}: TensorBoard reads {got!r}, expected {expected!r}")


def points(folder, tag):
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    events.Reload()
    tags = events.Tags()
    check("tags", sorted(tags["scalars"] + tags["tensors"]),
          sorted(["train/loss", "eval/Genauigkeit \u2205", "bad\ufffdname"]))
    return [(event.step, event.value) for event in events.Scalars(tag)]


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.argv[1], folder], check=True)
        loss = points(folder, "train/loss")
        check("steps: 30 of the killed session is replaced", [step for step, _ in loss],
              [10, 20, 30, 2**40, 2**40 + 1])
        check("loss at 30", loss[2][1], 100.25)
        check("loss at 10", abs(loss[0][1] - 0.1) < 1e-8, True)
        check("NaN", math.isnan(loss[3][1]), True)
        check("-inf", loss[4][1], -math.inf)
        check("a UTF-8 tag, purged beyond the checkpoint",
              points(folder, "eval/Genauigkeit \u2205"), [(10, 0.5), (20, 0.5)])

        # A process killed inside a record loses that record only.
        last = sorted(os.listdir(folder))[-1]
        with open(os.path.join(folder, last), "rb+") as file:
            file.truncate(os.path.getsize(file.name) - 3)
        check("steps after a torn record", [step for step, _ in points(folder, "train/loss")],
              [10, 20, 30, 2**40])


main()
