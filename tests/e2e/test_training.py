"""Training as a user runs it: results, resume after every kind of end, sweeps, expectations, reports."""

import csv
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import yaml

from talweg_case import SMALL, SOURCE, TalwegCase

# Every optimizer of `talweg list` is killed and resumed; some ask for options or for a task that knows what they need.
OPTIONS = {"sgd": "{type: sgd, learning_rate: 0.05, momentum: 0.9}", "lbfgs": "{type: lbfgs, iterations: 3}",
           "dp_sgd": "{type: dp_sgd, noise_multiplier: 1}", "dp": "{type: dp, noise_multiplier: 1}",
           # Every third step is a refresh, so kills hit steps of both kinds.
           "galore": "{type: galore, subspace: {rank: 4, interval: 3}}",
           "lorenza": "{type: lorenza, subspace: {rank: 4, interval: 3}, refresh_from: previous}",
           "mezo": "{type: mezo, learning_rate: 1e-4}"}
SEARCH = "{type: black_box, oracle: {type: sphere, dimension: 5, noise: {sigma: 0.1}}, bounds: -2..3, budget: {evaluations: 100000000}}"
TASKS = {**dict.fromkeys(("ada_dfo", "released_code", "kiefer_wolfowitz", "cma_es", "stars", "nelder_mead", "bobyqa", "sbplx", "cobyla"), SEARCH),
         "gd_smooth": "{type: classification, data: digits, model: linear}", "natural_gradient": "bandit"}


class Training(TalwegCase):
    def test_a_run_leaves_everything_a_person_needs(self):
        self.run_talweg("train", self.write("x.yaml", SMALL), "--output", "run", "--seed", "3")
        run = self.folder / "run"
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual(summary["status"], "completed")
        self.assertEqual(summary["steps"], 60)
        self.assertGreater(summary["metrics"]["eval/accuracy"], 0.7)
        environment = json.loads((run / "environment.json").read_text())
        self.assertIn("libtorch", environment)
        self.assertEqual(len(list(run.glob("events.out.tfevents.*"))), 1)
        table = list(csv.DictReader((run / "metrics.csv").read_text().splitlines()))
        self.assertEqual(float(table[-1]["eval/accuracy"]), summary["metrics"]["eval/accuracy"])
        self.assertEqual([row["step"] for row in table if row["eval/loss"]], ["0", "20", "40", "60"])
        report = (run / "report.html").read_text()
        self.assertIn("<svg", report)
        self.assertNotIn("http://", report.replace("http://www.w3.org", ""))
        self.assertEqual(len(list((run / "checkpoints").glob("step-*"))), 2)
        self.assertEqual(len(list((run / "checkpoints").glob("best-*"))), 1)
        # The resolved configuration is a valid input and gives the same weights.
        self.run_talweg("train", run / "config.yaml", "--output", "again")
        self.assertEqual(self.final_weights(run), self.final_weights(self.folder / "again"))
        self.assertEqual(self.metrics(run), self.metrics(self.folder / "again"))

    def test_weights_open_in_the_safetensors_package(self):
        from safetensors.numpy import load_file
        self.run_talweg("train", self.write("x.yaml", SMALL), "--output", "run")
        weights = load_file(sorted((self.folder / "run/checkpoints").glob("step-*"))[-1] / "model.safetensors")
        self.assertEqual(weights["layer0.weight"].shape, (16, 64))

    def test_prefetch_changes_nothing(self):
        file = self.write("x.yaml", SMALL)
        self.run_talweg("train", file, "--output", "a")
        self.run_talweg("train", file, "--output", "b", "--set", "training.prefetch=3")
        self.assertEqual(self.final_weights(self.folder / "a"), self.final_weights(self.folder / "b"))

    def test_where_the_time_of_steps_goes_is_told_on_request(self):
        config = SMALL + "diagnostics: {step_time: true}\n"
        lorenza = "optimizer={type: lorenza, subspace: {rank: 4, interval: 30}}"
        self.run_talweg("train", self.write("x.yaml", config), "--output", "run", "--set", lorenza)
        records = [json.loads(line) for line in (self.folder / "run/metrics.jsonl").read_text().splitlines()]
        times = [{k: v for k, v in record.items() if k.startswith("time/")} for record in records]
        phases = {f"time/{phase}" for phase in ("probe", "backward", "projection", "refresh", "update")}
        self.assertEqual(set().union(*times), phases)
        self.assertTrue(all(value > 0 for record in times for value in record.values()))
        # Steps between refreshes have none; what the parts take together is no more than the run took.
        self.assertTrue(any(record and "time/refresh" not in record for record in times))
        together = sum(sum(record.values()) for record in times) * records[-1]["step"] / sum(map(bool, times)) / 1e3
        self.assertLessEqual(together, json.loads((self.folder / "run/summary.json").read_text())["seconds"])
        # The metrics are not part of what a run is: watched or not, it ends with the same weights.
        self.run_talweg("train", self.write("y.yaml", SMALL), "--output", "unwatched", "--set", lorenza)
        self.assertEqual(self.final_weights(self.folder / "run"), self.final_weights(self.folder / "unwatched"))

    def test_the_same_command_begins_a_run_and_goes_on_with_it(self):
        config = self.write("small.yaml", SMALL)
        run = self.folder / "run"
        self.run_talweg("train", config, "--output", self.folder / "whole")
        job = ["train", config, "--output", run, "--continue"]
        process = self.start_talweg(*job)
        while not list((run / "checkpoints").glob("step-*")) and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait()
        self.run_talweg(*job)
        self.assertEqual(self.final_weights(run), self.final_weights(self.folder / "whole"))
        self.assertIn("completed already", self.run_talweg(*job).stdout)
        error = self.run_talweg(*job, "--set", "training.steps=70", code=3).stderr
        self.assertIn("holds a run with another configuration", error)
        self.assertIn("needs --output", self.run_talweg("train", config, "--continue", code=2).stderr)

    def test_a_finished_run_is_made_longer(self):
        config = self.write("small.yaml", SMALL.replace("schedule: {type: cosine, warmup: 5}", "schedule: {type: constant, warmup: 5}"))
        self.run_talweg("train", config, "--output", "long", "--set", "training.steps=80")
        self.run_talweg("train", config, "--output", "run")
        self.assertIn("completed after 60", self.run_talweg("resume", "run", "--set", "description=again").stdout)
        self.assertIn("completed after 80", self.run_talweg("resume", "run", "--set", "training.steps=80").stdout)
        self.assertEqual(self.final_weights(self.folder / "run"), self.final_weights(self.folder / "long"))
        self.assertIn("steps: 80", (self.folder / "run/config.yaml").read_text())
        self.assertIn("completed already", self.run_talweg("resume", "run").stdout)
        self.assertIn("no step is taken back", self.run_talweg("resume", "run", "--set", "training.steps=70", code=3).stderr)
        self.assertIn("belong to another value", self.run_talweg("resume", "run", "--set", "optimizer.learning_rate=1", code=2).stderr)
        sweep = self.write("sweep.yaml", config.read_text() + "sweep: {seed: [1, 2]}\n")
        self.run_talweg("train", sweep, "--output", "sweep")
        self.run_talweg("resume", "sweep", "--set", "training.steps=50", code=3)
        self.assertIn("steps: 60", (self.folder / "sweep/sweep.yaml").read_text())  # what is refused is not kept
        self.run_talweg("resume", "sweep", "--set", "training.steps=65")
        self.assertEqual([json.loads(path.read_text())["steps"] for path in (self.folder / "sweep").glob("*/summary.json")], [65, 65])

    def test_a_plateau_lowers_the_rate_and_continues(self):
        config = self.write("small.yaml", SMALL.replace("schedule: {type: cosine, warmup: 5}",
                                                        "schedule: {type: plateau, patience: 1, factor: 0.5, min_improvement: 10}"))
        self.run_talweg("train", config, "--output", "whole")
        run = self.folder / "run"
        process = self.start_talweg("train", config, "--output", run)
        while not list((run / "checkpoints").glob("step-*")) and process.poll() is None:
            time.sleep(0.002)
        process.kill()
        process.wait()
        self.run_talweg("resume", run)
        self.assertEqual(self.metrics(run), self.metrics(self.folder / "whole"))
        sizes = {record["train/step_size"] for record in self.metrics(run) if "train/step_size" in record}
        self.assertGreater(len(sizes), 1, "the rate was never lowered")

    def test_an_existing_folder_is_not_overwritten(self):
        file = self.write("x.yaml", SMALL)
        self.run_talweg("train", file, "--output", "run")
        self.assertIn("exists already", self.run_talweg("train", file, "--output", "run", code=2).stderr)
        self.assertIn("not a run directory", self.run_talweg("resume", self.folder, code=2).stderr)
        # What is somebody else's stays, in a folder that is refused and in one where a run did not begin.
        mine = self.folder / "mine"
        mine.mkdir()
        (mine / "notes.txt").write_text("mine")
        sweep = self.write("sweep.yaml", SMALL + "sweep: {seed: [1, 2]}\n")
        for config in (file, sweep):
            self.run_talweg("train", config, "--output", "mine", code=2)
        (mine / "notes.txt").rename(mine / ".notes")
        for config in (file, sweep):
            self.run_talweg("train", config, "--output", "mine", "--set", "checkpoint.best_metric=eval/nothing", code=3)
        self.assertEqual([path.name for path in mine.iterdir()], [".notes"])

    def newest_step(self, run):
        return max((int(path.name[5:]) for path in (run / "checkpoints").glob("step-*")), default=0)

    def kill_and_resume(self, optimizer, kills, generator):
        """Kills a run `kills` times with SIGKILL, by turns some milliseconds after a random checkpoint appeared (one is
        written at every step, so most of these hit a write) and at a random moment of the program's start."""
        steps = 60 * (kills + 1)
        text = SMALL.replace("optimizer: {type: adamw, learning_rate: 1e-2}",
                             "optimizer: " + OPTIONS.get(optimizer, optimizer))
        if optimizer in TASKS:
            text = "\n".join("task: " + TASKS[optimizer] if line.startswith("task:") else line
                             for line in text.splitlines()) + "\n"
        text = text.replace("checkpoint: {every: 10}", "checkpoint: {every: 1}").replace("steps: 60", f"steps: {steps}")
        file = self.write("x.yaml", text)
        undisturbed, disturbed = self.folder / "undisturbed", self.folder / "disturbed"
        self.run_talweg("train", file, "--output", undisturbed, "--quiet")

        def command():
            started = (disturbed / "config.yaml").exists()
            return [*(["resume", disturbed] if started else ["train", file, "--output", disturbed]), "--quiet"]

        for kill in range(kills):
            target = self.newest_step(disturbed) + generator.randint(1, 30)
            process = self.start_talweg(*command())
            if kill % 2 == 0:
                while process.poll() is None and self.newest_step(disturbed) < target:
                    time.sleep(0.001)
                time.sleep(generator.uniform(0, 0.01))
            else:
                time.sleep(generator.uniform(0.05, 0.6))
            self.assertIsNone(process.poll(), "the run ended before it could be killed")
            process.kill()
            process.wait()
        self.run_talweg(*command())
        self.assertEqual(self.final_weights(undisturbed), self.final_weights(disturbed), optimizer)
        self.assertEqual(self.metrics(undisturbed), self.metrics(disturbed), optimizer)
        for run in (undisturbed, disturbed):
            shutil.rmtree(run)

    def test_killed_at_random_moments_and_resumed_bit_for_bit(self):
        generator = random.Random(7)
        listing = self.run_talweg("list", "optimizer").stdout
        optimizers = [line.split()[0] for line in listing.splitlines()[1:]]
        self.assertGreaterEqual(len(optimizers), 10, listing)
        for optimizer in optimizers:
            with self.subTest(optimizer=optimizer):
                self.kill_and_resume(optimizer, 2, generator)

    def test_signals_save_and_the_run_continues(self):
        text = SMALL.replace("steps: 60", "steps: 20000")
        file = self.write("x.yaml", text)
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            run = self.folder / f"run{number}"
            process = self.start_talweg("train", file, "--output", run)
            while not (run / "metrics.jsonl").exists() and process.poll() is None:
                time.sleep(0.05)
            time.sleep(0.3)
            process.send_signal(number)
            self.assertEqual(process.wait(60), 6)
            summary = json.loads((run / "summary.json").read_text())
            self.assertEqual(summary["status"], "interrupted")
            self.assertEqual(f"step-{summary['steps']:08}", self.final_weights(run)[0], "the last step is saved")

    def test_a_run_does_not_go_on_with_changed_data_unasked(self):
        rows = [f"{i % 7},{i % 5},{'even' if i % 2 == 0 else 'odd'}\n" for i in range(60)]
        data = self.write("data.csv", "".join(rows))
        file = self.write("x.yaml", """\
name: changed
device: cpu
task: {type: classification, data: {type: csv, path: data.csv}, model: linear}
optimizer: {type: sgd, learning_rate: 1e-2}
training: {steps: 50000000, batch_size: 8, log_every: 1000, evaluate_every: 10000}
""")
        run = self.folder / "run"
        process = self.start_talweg("train", file, "--output", run)
        while not (run / "metrics.jsonl").exists() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 6)
        steps = json.loads((run / "summary.json").read_text())["steps"]
        longer = ("resume", run, "--set", f"training.steps={steps + 10}")
        size = data.stat().st_size
        with data.open("a") as more:
            more.write("1,2,odd\n")
        before = self.final_weights(run)
        for refused in (("resume", run), longer, ("train", file, "--output", run, "--continue")):
            said = self.run_talweg(*refused, code=4).stderr
            self.assertIn(f"'data.csv' grew from {size} to {size + 8} bytes", said)
            self.assertIn("--accept-changed-data", said)
        self.assertEqual(self.final_weights(run), before, "what was refused has changed nothing")
        self.assertIn("'data.csv' grew", self.run_talweg(*longer, "--accept-changed-data").stderr)
        summary = json.loads((run / "summary.json").read_text())
        change = {"path": "data.csv", "change": f"grew from {size} to {size + 8} bytes"}
        self.assertEqual(summary["changed_files"], [{"step": steps, "files": [change]}])
        self.assertEqual((summary["status"], summary["steps"]), ("completed", steps + 10))
        # A class more, or another name: the outputs would mean something else, and nobody can accept that.
        text = data.read_text()
        data.write_text(text.replace("odd", "uneven"))
        said = self.run_talweg("resume", run, "--set", f"training.steps={steps + 20}", "--accept-changed-data", code=4).stderr
        self.assertIn("'classes' of the data are others", said)
        self.assertIn('"odd", became "uneven"', said)
        data.write_text(text)
        self.assertEqual(summary["data"]["classes"], ["even", "odd"])
        # The file as it is now is what the run rests on, and what was accepted stays on record.
        self.run_talweg("resume", run, "--set", f"training.steps={steps + 20}")
        self.assertEqual(json.loads((run / "summary.json").read_text())["changed_files"], summary["changed_files"])
        data.unlink()
        self.assertIn("data.csv", self.run_talweg("resume", run, "--set", f"training.steps={steps + 30}", code=4).stderr)
        self.assertIn("needs --continue", self.run_talweg("train", file, "--accept-changed-data", code=2).stderr)

    def test_files_of_every_kind_are_known_again(self):
        labelled = [(f"{'good' if i % 2 else 'bad'} word {i}", i % 2) for i in range(40)]
        self.write("a.csv", "".join(f"{i},{i % 3},{i % 2}\n" for i in range(40)))
        self.write("a.libsvm", "".join(f"{i % 2} 1:{i} 2:{i % 3}\n" for i in range(40)))
        self.write("a.tsv", "sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in labelled))
        self.write("b.jsonl", "".join(json.dumps({"sentence": text, "label": label}) + "\n" for text, label in labelled))
        self.write("a.txt", "".join(f"the river runs where the valley is deepest {i}\n" for i in range(40)))
        self.write("a.jsonl", "".join(json.dumps({"text": f"a line of text {i}"}) + "\n" for i in range(40)))
        for part in (1, 2):
            (self.folder / f"part-{part}.bin").write_bytes(bytes(i % 200 if i % 2 == 0 else 0 for i in range(4002)))
        idx = bytes([0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2]) + bytes(i % 250 for i in range(160))
        (self.folder / "images").write_bytes(idx)
        (self.folder / "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 40]) + bytes(i % 2 for i in range(40)))
        (self.folder / "batch.bin").write_bytes(b"".join(bytes([i % 10]) + bytes([i] * 3072) for i in range(40)))
        classes = "{type: classification, model: linear, data: %s}"
        texts = "{type: text_classification, backbone: {type: bert, layers: 1, width: 8, heads: 1}, longest: 16, data: %s}"
        language = "{type: language_modeling, length: 16, cache: cache, model: {type: llama, layers: 1, width: 16, heads: 1}, data: %s}"
        kinds = [
            (classes % "{type: csv, path: a.csv}", ["a.csv"]),
            ("{type: glm, teacher: [], data: {type: csv, path: a.csv}}", ["a.csv"]),
            (classes % "{type: libsvm, path: a.libsvm}", ["a.libsvm"]),
            (classes % "{type: idx, images: images, labels: labels}", ["images", "labels"]),
            (classes % "{type: cifar, paths: [batch.bin]}", ["batch.bin"]),
            (texts % "{type: file, path: a.tsv}", ["a.tsv"]),
            (texts % "{type: file, path: b.jsonl}", ["b.jsonl"]),
            (language % "{type: text, path: a.txt}", ["a.txt"]),
            (language % "{type: jsonl, path: a.jsonl}", ["a.jsonl"]),
            (language % "{type: tokens, path: 'part-*.bin'}", ["part-1.bin", "part-2.bin"]),
        ]
        for number, (task, files) in enumerate(kinds):
            with self.subTest(task=task):
                run = self.folder / f"kind{number}"
                file = self.write("kind.yaml", f"name: kind\ndevice: cpu\ntask: {task}\n"
                                  "optimizer: {type: sgd, learning_rate: 1e-3}\ntraining: {steps: 2, batch_size: 4}\n")
                self.run_talweg("train", file, "--output", run)
                last = files[-1]
                kept = (self.folder / last).read_bytes()
                flipped = kept[:-1] + bytes([kept[-1] ^ 1])
                (self.folder / last).write_bytes(kept.replace(b"39", b"38") if kept.endswith(b"\n") else flipped)
                said = self.run_talweg("resume", run, "--set", "training.steps=3", code=4).stderr
                (self.folder / last).write_bytes(kept)
                self.assertIn(f"'{last}' has the same size of {len(kept)} bytes but other contents", said)
                self.run_talweg("resume", run, "--set", "training.steps=3")
        (self.folder / "part-2.bin").unlink()
        (self.folder / "part-3.bin").write_bytes(bytes(4000))
        said = self.run_talweg("resume", run, "--set", "training.steps=4", code=4).stderr
        self.assertIn("'part-2.bin' is missing; 'part-3.bin' is new, of 4000 bytes", said)

    def test_two_processes_never_share_a_run(self):
        file = self.write("x.yaml", SMALL.replace("steps: 60", "steps: 100000"))
        run = self.folder / "run"
        process = self.start_talweg("train", file, "--output", run)
        while not (run / "metrics.jsonl").exists() and process.poll() is None:
            time.sleep(0.05)
        self.assertIn("another process", self.run_talweg("resume", run, code=2).stderr)
        process.kill()
        process.wait()

    def test_damaged_checkpoint_is_passed_over(self):
        file = self.write("x.yaml", SMALL)
        self.run_talweg("train", file, "--output", "a")
        self.run_talweg("train", file, "--output", "b")
        run = self.folder / "b"
        (run / "summary.json").unlink()
        newest = sorted((run / "checkpoints").glob("step-*"))[-1]
        with open(newest / "model.safetensors", "r+b") as weights:
            weights.truncate(100)
        done = self.run_talweg("resume", run)
        self.assertIn("passing over the checkpoint", done.stderr)
        self.assertEqual(self.final_weights(self.folder / "a"), self.final_weights(run))
        self.assertTrue((run / "checkpoints" / f"{newest.name}.damaged").is_dir())

    @staticmethod
    def damage(run):
        """Damages every state of a run that has not ended: one byte of the weights is another."""
        (run / "summary.json").unlink()
        for state in (run / "checkpoints").glob("step-*"):
            weights = bytearray((state / "model.safetensors").read_bytes())
            weights[-1] ^= 1
            (state / "model.safetensors").write_bytes(weights)

    def test_a_run_without_a_whole_state_begins_anew_only_when_it_is_told_to(self):
        file = self.write("x.yaml", SMALL)
        self.run_talweg("train", file, "--output", "run")
        run = self.folder / "run"
        weights, records = self.final_weights(run), self.metrics(run)
        self.damage(run)
        for command in (["resume", run], ["train", file, "--output", run, "--continue"]):
            said = self.run_talweg(*command, code=4).stderr
            self.assertIn("has no whole state left", said)
            self.assertIn("--from-start", said)
            self.assertEqual(self.metrics(run), records)
        self.assertIn("begins anew", self.run_talweg("resume", run, "--from-start").stderr)
        self.assertEqual((self.final_weights(run), self.metrics(run)), (weights, records))
        self.assertEqual(len(list((run / "checkpoints.earlier").glob("step-*"))), 2)
        self.assertTrue((run / "metrics.jsonl.earlier").exists())
        self.assertIn("needs --continue", self.run_talweg("train", file, "--from-start", code=2).stderr)

    def test_an_edited_configuration_is_gone_on_with_only_when_that_is_accepted(self):
        run = self.folder / "run"
        self.run_talweg("train", self.write("x.yaml", SMALL), "--output", run)
        written = (run / "config.yaml").read_text()

        def go_on(old, new, *options, code):
            self.assertIn(old, written)
            (run / "config.yaml").write_text(written.replace(old, new, 1))
            (run / "summary.json").unlink(missing_ok=True)
            return self.run_talweg("resume", run, *options, code=code).stderr

        for old, new, said in (("seed: 0", "seed: 1", "seed was 0 and is 1"),
                               ("type: adamw", "type: adam", "optimizer.type was adamw and is adam"),
                               ("hidden: [16]", "hidden: [17]", "task.model.hidden was [16] and is [17]"),
                               ("hidden:\n      - 16", "hidden:\n      - 17", "task.model.hidden was [16] and is [17]")):
            if old in written:
                self.assertIn(said, go_on(old, new, code=3))
        go_on("log_every: 5", "log_every: 4", code=0)
        told = go_on("decay: 0.9", "decay: 0.8", "--accept-changes", code=0)
        self.assertIn("weight_average.decay was 0.9 and is 0.8", told)
        changes = json.loads((run / "summary.json").read_text())["changed_settings"]
        self.assertEqual(changes, [{"step": 60, "options": [{"option": "weight_average.decay", "before": "0.9", "now": "0.8"}]}])

    def test_private_steps_that_are_undone_by_another_noise_count(self):
        text = SMALL.replace("optimizer: {type: adamw, learning_rate: 1e-2}", "optimizer: {type: dp_sgd, noise_multiplier: 1}")
        run = self.folder / "run"
        self.run_talweg("train", self.write("x.yaml", text), "--output", run)
        written = (run / "config.yaml").read_text()
        self.assertIn("noise_multiplier: 1", written)
        (run / "summary.json").unlink()
        shutil.rmtree(sorted((run / "checkpoints").glob("step-*"))[-1])
        (run / "config.yaml").write_text(written.replace("noise_multiplier: 1", "noise_multiplier: 2", 1))
        self.assertIn("optimizer.noise_multiplier was 1 and is 2", self.run_talweg("resume", run, code=3).stderr)
        self.run_talweg("resume", run, "--accept-changes")
        privacy = json.loads((run / "summary.json").read_text())["privacy"]
        self.assertEqual(privacy["steps"], 70, "50 that are saved, 10 that were undone, 10 with the other noise")

    def test_a_completed_run_without_a_report_gets_one(self):
        self.run_talweg("train", self.write("x.yaml", SMALL), "--output", "run")
        (self.folder / "run/report.html").unlink()
        self.assertIn("completed already", self.run_talweg("resume", "run").stdout)
        self.assertIn("<svg", (self.folder / "run/report.html").read_text())

    def test_points_of_a_sweep_with_a_whole_state_do_not_begin_anew(self):
        self.run_talweg("train", self.write("x.yaml", SMALL + "sweep: {seed: [1, 2]}\n"), "--output", "sweep")
        points = sorted(path for path in (self.folder / "sweep").iterdir() if path.is_dir())
        weights = [self.final_weights(point) for point in points]
        self.damage(points[0])
        (points[1] / "summary.json").unlink()
        shutil.rmtree(sorted((points[1] / "checkpoints").glob("step-*"))[-1])
        self.run_talweg("resume", "sweep", code=4)
        said = self.run_talweg("resume", "sweep", "--from-start").stderr
        self.assertIn("the state of step 60, which was saved last, is not in", said)
        self.assertEqual([self.final_weights(point) for point in points], weights)
        self.assertEqual([(point / "checkpoints.earlier").exists() for point in points], [True, False])

    def test_full_disk_and_read_only_folder(self):
        file = self.write("x.yaml", SMALL.replace("hidden: [16]", "hidden: [256]").replace("checkpoint: {every: 10}", "checkpoint: {every: 10, keep: 50}"))
        small = self.folder / "small"
        small.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", small]).returncode != 0:
            self.skipTest("needs the right to mount a small file system")
        try:
            done = self.run_talweg("train", file, "--output", small / "run", code=1)
            self.assertIn("No space left", done.stderr)
            kept = sorted((small / "run/checkpoints").glob("step-*"))
            self.assertTrue(kept)
            self.assertFalse(list((small / "run/checkpoints").glob(".writing*")))
            # With space again, the run goes on from there to the same end.
            subprocess.run(["mount", "-o", "remount,size=200m", small], check=True)
            self.run_talweg("resume", small / "run")
            self.run_talweg("train", file, "--output", "undisturbed")
            self.assertEqual(self.final_weights(self.folder / "undisturbed"), self.final_weights(small / "run"))
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            done = self.run_talweg("train", file, "--output", small / "other", code=1)
            self.assertIn("Read-only", done.stderr)
        finally:
            subprocess.run(["umount", small], check=True)

    def test_non_finite_loss_stops_and_names_the_step(self):
        text = SMALL.replace("optimizer: {type: adamw, learning_rate: 1e-2}", "optimizer: {type: sgd, learning_rate: 1e30}")
        done = self.run_talweg("train", self.write("x.yaml", text), "--output", "run", code=5)
        self.assertRegex(done.stderr, r"step \d+: the (loss|gradient|parameter)")
        summary = json.loads((self.folder / "run/summary.json").read_text())
        self.assertEqual(summary["status"], "failed")
        self.assertIn(f"step {summary['steps']}", summary["reason"])
        done = self.run_talweg("train", self.folder / "x.yaml", "--output", "skip", "--set", "training.non_finite=skip",
                               "--set", "training.non_finite_limit=3", code=5)
        self.assertIn("in a row", done.stderr)

    def test_early_stopping(self):
        text = SMALL.replace("steps: 60", "steps: 5000") + "early_stopping: {patience: 2, min_improvement: 10}\n"
        self.run_talweg("train", self.write("x.yaml", text), "--output", "run")
        summary = json.loads((self.folder / "run/summary.json").read_text())
        self.assertEqual(summary["status"], "completed")
        self.assertEqual(summary["steps"], 40)
        self.assertIn("stopped early", summary["reason"])

    def test_sweep_makes_a_table_and_continues(self):
        text = SMALL + "sweep: {optimizer.learning_rate: [1e-2, 1e-3], seed: [0, 1]}\n"
        done = self.run_talweg("train", self.write("x.yaml", text), "--output", "sweep")
        sweep = self.folder / "sweep"
        runs = sorted(path for path in sweep.iterdir() if path.is_dir())
        self.assertEqual([run.name for run in runs],
                         ["000-learning_rate=1e-2,seed=0", "001-learning_rate=1e-2,seed=1",
                          "002-learning_rate=1e-3,seed=0", "003-learning_rate=1e-3,seed=1"])
        self.assertIn("optimizer.learning_rate", done.stdout)
        self.assertTrue((sweep / "report.html").exists())
        before = self.final_weights(runs[3])
        subprocess.run(["rm", "-r", runs[3]], check=True)
        self.run_talweg("resume", sweep)
        self.assertEqual(self.final_weights(runs[3]), before)
        self.run_talweg("report", sweep, "--output", "compare.html")
        self.assertTrue((self.folder / "compare.html").exists())

    def test_a_sweep_draws_and_halves(self):
        text = SMALL + ("sweep: {draw: 6, optimizer.learning_rate: {from: 1e-4, to: 3e-2, scale: log}, halving: {steps: 10, factor: 3}}\n"
                        "checkpoint: {every: 10, best_metric: eval/accuracy, best_goal: maximize}\n")
        file = self.write("x.yaml", text.replace("checkpoint: {every: 10}\n", "", 1))
        done = self.run_talweg("train", file, "--output", "sweep")
        self.assertIn("2 of the points go on after 10 steps", done.stdout)
        summaries = {path.parent: json.loads(path.read_text()) for path in (self.folder / "sweep").glob("*/summary.json")}
        self.assertEqual(sorted((s["status"], s["steps"]) for s in summaries.values()),
                         [("completed", 60)] + [("paused", 10)] * 4 + [("paused", 30)])
        self.assertIn("Which run won", (self.folder / "sweep/report.html").read_text())
        # Again, or resumed: nothing is left to do, and the same point wins.
        self.run_talweg("resume", "sweep")
        self.assertEqual(summaries, {path: json.loads((path / "summary.json").read_text()) for path in summaries})
        # What was left behind can be carried on by hand, and the winner is the run that was never stopped.
        winner, = (path for path, summary in summaries.items() if summary["status"] == "completed")
        self.run_talweg("train", winner / "config.yaml", "--output", "whole")
        self.assertEqual(self.final_weights(winner), self.final_weights(self.folder / "whole"))

    def test_runs_are_written_as_mlflow_reads_them(self):
        self.run_talweg("train", self.write("x.yaml", SMALL), "--output", "run", "--set", "name=it's mine")
        for _ in range(2):  # again: the run is replaced
            self.assertIn("mlflow ui", self.run_talweg("mlflow", "run").stdout)
        experiment, = (self.folder / "mlruns").iterdir()
        folder, = (path for path in experiment.iterdir() if path.is_dir())
        meta = yaml.safe_load((folder / "meta.yaml").read_text())
        self.assertEqual((meta["run_id"], meta["run_name"], meta["status"], meta["experiment_id"]),
                         (folder.name, "it's mine", 3, experiment.name))
        self.assertEqual(yaml.safe_load((experiment / "meta.yaml").read_text())["name"], "talweg")
        self.assertEqual((folder / "params/training.batch_size").read_text(), "32")
        lines = [line.split() for line in (folder / "metrics/eval/accuracy").read_text().splitlines()]
        self.assertEqual([line[2] for line in lines], ["0", "20", "40", "60"])
        self.assertEqual(float(lines[-1][1]), json.loads((self.folder / "run/summary.json").read_text())["metrics"]["eval/accuracy"])

    def test_reproduce_tells_claim_and_verdict(self):
        text = SMALL + "sweep: {seed: [0, 1, 2]}\nexpect:\n  - {claim: it learns, metric: eval/accuracy, at_least: 0.7, source: ours}\n"
        file = self.write("x.yaml", text)
        done = self.run_talweg("reproduce", file, "--output", "out", "--table", "table.md", "--quiet")
        self.assertIn("it learns", done.stdout)
        self.assertIn("1 of 1 expectations met", done.stdout)
        self.assertIn("| it learns | ≥ 0.7 |", (self.folder / "table.md").read_text())
        self.write("x.yaml", text.replace("0.7", "1.1"))
        self.assertIn("NOT MET", self.run_talweg("reproduce", file, "--output", "out", "--quiet", code=7).stdout)

    def test_reproduce_shows_that_claims_can_turn(self):
        claim = "{claim: %s, metric: eval/accuracy, at: {max: [0, 1000]}, at_least: %s, turns: {optimizer.learning_rate: 1e-9}}"
        text = SMALL + "expect:\n  - " + claim % ("it learns", 0.7) + "\n"
        file = self.write("x.yaml", text)
        done = self.run_talweg("reproduce", file, "--output", "out", "--turns", "--seed", "5", "--quiet")
        self.assertIn("1 of 1 claims that name a wrong change fail with it", done.stdout)
        self.assertIn("seed: 5", (self.folder / "out/x/config.yaml").read_text())
        self.write("x.yaml", text.replace("0.7", "0.0"))
        self.assertIn("STILL MET", self.run_talweg("reproduce", file, "--output", "out", "--turns", "--quiet", code=7).stdout)
        self.write("x.yaml", text + "sweep: {seed: [1, 2]}\n")
        self.assertIn("would change nothing", self.run_talweg("reproduce", file, "--seed", "5", code=2).stderr)

    def test_reproductions_stand_below_the_output_by_the_names_that_were_given(self):
        text = SMALL + "expect:\n  - {claim: it learns, metric: eval/accuracy, at_least: 0.7, source: ours}\n"
        with tempfile.TemporaryDirectory() as elsewhere:
            for name in ("paper/a.yaml", "paper/b/c.yaml", "other/a.yaml"):
                path = pathlib.Path(elsewhere) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            self.run_talweg("reproduce", pathlib.Path(elsewhere) / "paper", "--output", "out", "--quiet")
            self.assertEqual(sorted(str(path.parent.relative_to(self.folder)) for path in (self.folder / "out").rglob("config.yaml")),
                             ["out/paper/a", "out/paper/b/c"])
            said = self.run_talweg("reproduce", pathlib.Path(elsewhere) / "paper/a.yaml", pathlib.Path(elsewhere) / "other/a.yaml", code=2).stderr
            self.assertIn("both be run in 'a'", said)

    def test_quickstart_keeps_its_promise(self):
        self.run_talweg("reproduce", SOURCE / "configs/quickstart.yaml", "--output", "out", "--quiet")


PROGRAM_SEARCH = """\
name: search
device: cpu
task:
  type: black_box
  oracle: {type: program, command: [python3, noisy.py], folder: ., over: {a: -2..2, b: log 1e-3..1}, workers: 2}
  budget: {evaluations: 400}
  answer: {evaluations: 10}
optimizer: cma_es
training: {evaluate_every: 20}
checkpoint: {every: 10}
"""
NOISY_PROGRAM = """\
import json, os, random, sys, time
for line in sys.stdin:
    question = json.loads(line)
    x = question["x"]
    time.sleep(0.5 if os.path.exists("slow") else 0.002)
    print((x["a"] - 1) ** 2 + x["b"] + 0.1 * random.Random(question["seed"]).gauss(0, 1), flush=True)
    with open("asked.txt", "a") as log:
        print(question["seed"], x, file=log)
"""


class Searches(TalwegCase):
    def test_a_killed_search_of_a_program_repeats_no_answer(self):
        config = self.write("search.yaml", PROGRAM_SEARCH)
        self.write("noisy.py", NOISY_PROGRAM)
        self.run_talweg("train", config, "--output", "whole")
        asked = self.folder / "asked.txt"
        whole = asked.read_text().splitlines()
        asked.unlink()
        run, log = self.folder / "run", self.folder / "run/evaluations.jsonl"
        kills, arguments = 0, ["train", config, "--output", run]
        while True:
            before = log.stat().st_size if log.exists() else 0
            process = self.start_talweg(*arguments)
            while process.poll() is None and (not log.exists() or log.stat().st_size < before + 9000):
                time.sleep(0.002)
            process.kill()
            if process.wait() == 0:
                break
            kills, arguments = kills + 1, ["resume", run]
        self.assertGreater(kills, 2)
        self.assertEqual(self.metrics(run), self.metrics(self.folder / "whole"))
        again = asked.read_text().splitlines()
        self.assertEqual(set(again), set(whole))
        # What a worker was on, and what it was sent ahead, had not been answered.
        self.assertLessEqual(len(again) - len(set(again)), 4 * kills)
        for run in (run, self.folder / "whole"):
            self.assertEqual(len((run / "evaluations.jsonl").read_text().splitlines()), len(set(whole)))

    def test_a_signal_gives_up_a_step_of_a_slow_program(self):
        config = self.write("search.yaml", PROGRAM_SEARCH.replace("evaluations: 10}", "evaluations: 2}"))
        self.write("noisy.py", NOISY_PROGRAM)
        self.write("slow", "")
        process = self.start_talweg("train", config, "--output", "run")
        while process.poll() is None and not (self.folder / "run/evaluations.jsonl").exists():
            time.sleep(0.01)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=20), 6)
        (self.folder / "slow").unlink()
        self.run_talweg("resume", "run")
        self.run_talweg("train", config, "--output", "whole")
        self.assertEqual(self.metrics(self.folder / "run"), self.metrics(self.folder / "whole"))

    def test_hyper_parameters_of_a_training_are_searched(self):
        self.write("small.yaml", SMALL.replace("checkpoint: {every: 10}", "checkpoint: {every: 60, keep: 1}"))
        config = self.write("tune.yaml", """\
name: tune
device: cpu
task:
  type: black_box
  oracle: {type: training, config: small.yaml, over: {optimizer.learning_rate: log 1e-4..1}}
  budget: {evaluations: 12}
  answer: {evaluations: 2}
optimizer: {type: cma_es, noise_handler: null}
training: {evaluate_every: 1}
checkpoint: {every: 1}
""")
        process = self.start_talweg("train", config, "--output", "run")
        while process.poll() is None and len(list((self.folder / "run/trainings").glob("*/summary.json"))) < 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(), 6)
        self.run_talweg("resume", "run")
        self.run_talweg("train", config, "--output", "whole")
        self.assertEqual(self.metrics(self.folder / "run"), self.metrics(self.folder / "whole"))
        runs = sorted(path.parent.name for path in (self.folder / "run/trainings").glob("*/summary.json"))
        self.assertEqual(len(runs), len((self.folder / "run/evaluations.jsonl").read_text().splitlines()))
        self.run_talweg("report", *sorted((self.folder / "run/trainings").iterdir()), "--output", "trainings.html")
        broken = self.write("broken.yaml", config.read_text().replace("learning_rate", "learnin_rate"))
        self.assertIn("broken.yaml:5:", self.run_talweg("check", "--no-build", broken, code=3).stderr)


if __name__ == "__main__":
    unittest.main()
