"""What the end-to-end tests share: running the program as a user does, in a folder of their own."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["TALWEG_PROGRAM"]
SOURCE = pathlib.Path(os.environ["TALWEG_SOURCE"])

SMALL = """\
name: small
device: cpu
task: {type: classification, data: digits, model: {type: mlp, hidden: [16], dropout: 0.1}}
optimizer: {type: adamw, learning_rate: 1e-2}
schedule: {type: cosine, warmup: 5}
training: {steps: 60, batch_size: 32, log_every: 5, evaluate_every: 20}
checkpoint: {every: 10}
weight_average: {decay: 0.9}
"""


class TalwegCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="talweg-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def run_talweg(self, *arguments, code=0, **options):
        """Runs the program, checks its exit code, answers the finished process."""
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.folder,
                              timeout=300, **options)
        self.assertEqual(done.returncode, code, f"talweg {arguments}\n{done.stdout}\n{done.stderr}")
        return done

    def start_talweg(self, *arguments):
        return subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                cwd=self.folder)

    @staticmethod
    def final_weights(run):
        """A digest of the weights in the newest checkpoint."""
        newest = sorted((run / "checkpoints").glob("step-*[0-9]"))[-1]
        return newest.name, hashlib.sha256((newest / "model.safetensors").read_bytes()).hexdigest()

    @staticmethod
    def metrics(run):
        """The records without their times."""
        records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
        for record in records:
            record.pop("seconds")
        return records
