"""Studies as a user runs them: signals within a step, resume bit for bit after kills, sweeps, expectations, mistakes."""

import json
import signal
import subprocess
import time
import unittest

from talweg_case import SOURCE, TalwegCase

SHADOWS = """\
name: shadows
device: cpu
study:
  type: membership_inference
  data: {type: gaussian_blobs, examples: 400, features: 8, classes: 3}
  model: {type: mlp, hidden: [16]}
  members: 40
  shadows: 20
  target: {optimizer: {type: adamw, learning_rate: 0.01}, batch_size: 10, epochs: 40}
  attack: {optimizer: {type: adamw, learning_rate: 0.01}, batch_size: 50, epochs: 10}
"""


class Studies(TalwegCase):
    def summary(self, run):
        return json.loads((run / "summary.json").read_text())

    def test_a_signal_is_obeyed_within_a_model_and_the_study_goes_on(self):
        file = self.write("x.yaml", SHADOWS)
        self.run_talweg("train", file, "--output", "whole", "--quiet")
        run = self.folder / "run"
        process = self.start_talweg("train", file, "--output", run, "--set", "checkpoint.every=100")
        while not list((run / "checkpoints").glob("step-*")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 6)
        summary = self.summary(run)
        self.assertEqual(summary["status"], "interrupted")
        # 21 models of 160 steps; stopped in the first few of them, and not between models by chance alone.
        self.assertLess(summary["steps"], 21 * 160)
        self.assertEqual(f"step-{summary['steps']:08}", sorted((run / "checkpoints").glob("step-*"))[-1].name)
        self.run_talweg("resume", run, "--quiet")
        whole, resumed = self.summary(self.folder / "whole"), self.summary(run)
        self.assertEqual(resumed["status"], "completed")
        self.assertEqual(resumed["metrics"], whole["metrics"])
        self.assertEqual(self.metrics(run), self.metrics(self.folder / "whole"))
        self.assertGreaterEqual(resumed["seconds"], summary["seconds"], "time of earlier sessions counts")

    def test_killed_at_any_moment_it_ends_the_same(self):
        file = self.write("x.yaml", SHADOWS + "checkpoint: {every: 50}\n")
        self.run_talweg("train", file, "--output", "whole", "--quiet")
        run = self.folder / "run"
        for wait in (0.0, 0.02, 0.04):
            process = self.start_talweg("train", file, "--output", run, "--continue")
            newest = lambda: max((path.name for path in (run / "checkpoints").glob("step-*")), default="")
            before = newest()
            while process.poll() is None and newest() <= before:
                time.sleep(0.001)
            time.sleep(wait)
            process.kill()
            process.wait()
        self.run_talweg("resume", run, "--quiet")
        self.assertEqual(self.metrics(run), self.metrics(self.folder / "whole"))

    def test_sweep_reproduce_and_report(self):
        text = ("name: bounds\ndevice: cpu\nstudy: {type: privacy_bounds, at: [10, 50]}\n"
                "sweep: {study.order: [1.1, 2]}\n"
                "expect:\n  - {claim: flat, metric: eval/saturation, value: 49, tolerance: 1e-9, source: closed form}\n")
        file = self.write("x.yaml", text)
        self.assertIn("2 runs", self.run_talweg("check", file).stdout)
        done = self.run_talweg("reproduce", file, "--output", "out", "--quiet")
        self.assertIn("2 of 2 expectations met", done.stdout)
        runs = sorted(path.parent for path in (self.folder / "out").rglob("config.yaml"))
        self.assertEqual(len(runs), 2)
        self.assertNotIn("optimizer", (runs[0] / "config.yaml").read_text())
        report = (runs[0] / "report.html").read_text()
        self.assertIn("<svg", report)
        self.assertNotIn("training time", report)
        self.run_talweg("train", runs[0] / "config.yaml", "--output", "again", "--quiet")
        self.assertEqual(self.metrics(runs[0]), self.metrics(self.folder / "again"))

    def test_mistakes_say_what_belongs_to_what(self):
        file = self.write("x.yaml", "study: privacy_bounds\noptimizer: sgd\n")
        error = self.run_talweg("check", file, code=3).stderr
        self.assertRegex(error, r"x\.yaml:2:1: 'optimizer' belongs to a training")
        file = self.write("y.yaml", "task: bifurcation_diagram\ntraining: {steps: 1}\n")
        self.assertIn("there is a study of that name", self.run_talweg("check", file, code=3).stderr)
        self.assertIn("privacy_bounds", self.run_talweg("list", "study").stdout)
        self.assertIn("iterations: integer", self.run_talweg("describe", "study.bifurcation_diagram").stdout)
        self.assertIn("are for trainings",
                      self.run_talweg("theory", SOURCE / "configs/paper/dp/fig5.yaml", code=3).stderr)


if __name__ == "__main__":
    unittest.main()
