"""Several ranks as a launcher starts them: what one process computes, and what happens when one of them is lost."""

import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from launch import environment, free_port  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402
from talweg_case import PROGRAM, SOURCE, TalwegCase  # noqa: E402

CONFIG = """\
name: ranks
device: cpu
task: {type: classification, data: digits, model: {type: mlp, hidden: [16]}}
optimizer: {type: adamw, learning_rate: 1e-2}
training: {steps: 400, batch_size: 32, precision: float64, log_every: 20, evaluate_every: 100}
checkpoint: {every: 20}
distributed: {timeout: 20}
"""


class RanksCase(TalwegCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("ranks.yaml", CONFIG)

    def start(self, size, *arguments, only=None, variables=None, per_rank=None, before=None,
              prefix=lambda rank: []):
        """Starts the program as `size` ranks, or only some of them; answers the processes by rank."""
        port = free_port()
        processes = {}
        for rank in only if only is not None else range(size):
            own = (per_rank or {}).get(rank, [])
            processes[rank] = subprocess.Popen(
                [*prefix(rank), PROGRAM, *map(str, arguments), *own], cwd=self.folder, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=environment(rank, size, port) | (variables or {}),
                preexec_fn=before if rank == 0 else None)
            self.addCleanup(self.end, processes[rank])
        return processes

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def finish(self, processes, code=0, seconds=60):
        """Waits for all; answers what each wrote to standard error."""
        errors = {}
        for rank, process in processes.items():
            output, errors[rank] = process.communicate(timeout=seconds)
            if code is not None:
                self.assertEqual(process.returncode, code, f"rank {rank}\n{output}\n{errors[rank]}")
        return errors

    def await_checkpoint(self, run, name="step-00000040"):
        deadline = time.time() + 60
        while not (self.folder / run / "checkpoints" / name).exists():
            self.assertLess(time.time(), deadline, "no checkpoint appeared")
            time.sleep(0.005)

    def weights(self, run):
        newest = sorted((self.folder / run / "checkpoints").glob("step-*"))[-1]
        return newest.name, load_file(newest / "model.safetensors")

    def assert_equal_weights(self, a, b, tolerance):
        (name_a, weights_a), (name_b, weights_b) = self.weights(a), self.weights(b)
        self.assertEqual(name_a, name_b)
        for name, tensor in weights_a.items():
            self.assertLessEqual(abs(tensor - weights_b[name]).max(), tolerance, name)

    def summary(self, run):
        return json.loads((self.folder / run / "summary.json").read_text())


class Ranks(RanksCase):
    def test_two_ranks_train_as_one_process_and_only_the_first_writes(self):
        self.run_talweg("train", self.config, "--output", "one")
        errors = self.finish(self.start(2, "train", self.config, "--output", "two"))
        self.assert_equal_weights("one", "two", 1e-9)
        self.assertEqual(errors[1], "")
        account = self.summary("two")["distributed"]
        self.assertEqual(account["ranks"], 2)
        self.assertGreater(account["bytes_per_step"], 0)

    def test_a_killed_rank_is_named_and_the_run_continues_on_any_number_of_ranks(self):
        self.run_talweg("train", self.config, "--output", "whole")
        for resumed_on in (1, 2, 3):
            with self.subTest(ranks=resumed_on):
                run = f"killed-{resumed_on}"
                ranks = self.start(2, "train", self.config, "--output", run, "--set", "training.steps=100000")
                self.await_checkpoint(run)
                ranks.pop(1).send_signal(signal.SIGKILL)
                begin = time.time()
                errors = self.finish(ranks, code=1)
                self.assertLess(time.time() - begin, 15)
                self.assertRegex(errors[0], r"talweg: rank 0: rank 1 on \S+ fell silent: killed, out of memory, frozen, or "
                                            r"cut off .*; continue from the last checkpoint with 'talweg resume'")
                # The length is the only thing that was changed for the test to have time.
                text = (self.folder / run / "config.yaml").read_text().replace("100000", "400")
                (self.folder / run / "config.yaml").write_text(text)
                newest = self.weights(run)[0]
                self.assertGreaterEqual(newest, "step-00000040")
                if newest < "step-00000400":
                    self.finish(self.start(resumed_on, "resume", run))
                    self.assert_equal_weights("whole", run, 1e-9)

    def test_a_rank_that_hangs_is_named_after_the_timeout(self):
        ranks = self.start(2, "train", self.config, "--output", "hung", "--set", "training.steps=100000", "--set",
                           "distributed.timeout=4")
        self.await_checkpoint("hung")
        ranks[1].send_signal(signal.SIGSTOP)
        begin = time.time()
        _, error = ranks[0].communicate(timeout=60)
        self.assertLess(time.time() - begin, 20)
        self.assertEqual(ranks[0].returncode, 1)
        self.assertRegex(error, r"rank 0: rank 1 on \S+ fell silent")

    def test_a_first_rank_that_is_frozen_is_named_though_it_keeps_the_store(self):
        ranks = self.start(2, "train", self.config, "--output", "frozen", "--set", "training.steps=100000", "--set",
                           "distributed.timeout=4")
        self.await_checkpoint("frozen")
        ranks[0].send_signal(signal.SIGSTOP)
        begin = time.time()
        _, error = ranks[1].communicate(timeout=60)
        self.assertLess(time.time() - begin, 30)
        self.assertEqual(ranks[1].returncode, 1)
        self.assertRegex(error, r"rank 1 lost rank 0 on \S+, which keeps the store")

    def test_a_port_that_accepts_and_says_nothing_is_no_store(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            ranks = self.start(2, "train", self.config, "--set", "distributed.timeout=2", only=[1],
                               variables={"MASTER_PORT": str(silent.getsockname()[1])})
            errors = self.finish(ranks, code=1, seconds=30)
        self.assertRegex(errors[1], r"rank 1 reached no store at 127\.0\.0\.1:\d+ within 2 s")

    def test_a_host_that_nobody_knows_is_named(self):
        for rank in (0, 1):
            ranks = self.start(2, "train", self.config, only=[rank], variables={"MASTER_ADDR": "no..host"})
            self.assertRegex(self.finish(ranks, code=1)[rank], rf"rank {rank}: there is no host 'no\.\.host' .*MASTER_ADDR")

    def test_ranks_of_different_numbers_of_ranks_are_refused_at_once(self):
        for sizes in ((2, 3), (3, 2)):
            port = {"MASTER_PORT": str(free_port())}
            ranks = self.start(sizes[0], "train", self.config, "--output", "odd", only=[0], variables=port)
            ranks |= self.start(sizes[1], "train", self.config, "--output", "odd", only=[1], variables=port)
            for error in self.finish(ranks, code=3, seconds=15).values():
                self.assertRegex(error, rf"rank 1 on \S+ was started as one of {sizes[1]} ranks, and rank 0 as one of {sizes[0]}")

    def test_an_early_error_of_the_first_rank_is_told_by_the_others(self):
        self.write("occupied", "")
        for _ in range(3):
            ranks = self.start(3, "train", self.config, "--output", "occupied")
            self.assertIn("'occupied' exists already", self.finish({0: ranks.pop(0)}, code=2)[0])
            for rank, error in self.finish(ranks, code=1).items():
                self.assertRegex(error, rf"rank {rank}: rank 0 on \S+ ended: 'occupied' exists already")

    def test_a_rank_that_does_not_arrive_is_named(self):
        ranks = self.start(3, "train", self.config, "--output", "alone", "--set", "distributed.timeout=2", only=[0, 2])
        errors = self.finish(ranks, code=1)
        self.assertIn("of 3 ranks these did not arrive within 2 s: 1", errors[0])
        self.assertFalse((self.folder / "alone").exists(), "nothing was begun")

    def test_a_store_that_cannot_be_reached_is_named(self):
        errors = self.finish(self.start(2, "train", self.config, "--set", "distributed.timeout=2", only=[1]), code=1)
        self.assertRegex(errors[1], r"rank 1 reached no store at 127\.0\.0\.1:\d+ within 2 s")

    def test_ranks_with_different_configurations_are_refused(self):
        ranks = self.start(2, "train", self.config, "--output", "odd", per_rank={1: ["--set", "optimizer.learning_rate=0.5"]})
        for error in self.finish(ranks, code=3).values():
            self.assertRegex(error, r"rank 1 on \S+ has another configuration than rank 0: .*0\.5.* instead of .*0\.01")

    def test_an_error_of_one_rank_is_told_by_the_others(self):
        def little_space():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        errors = self.finish(self.start(2, "train", self.config, "--output", "full", before=little_space), code=1)
        self.assertRegex(errors[1], r"rank 1: rank 0 on \S+ ended: .*cannot")

    def test_a_signal_to_one_rank_saves_and_stops_all(self):
        self.run_talweg("train", self.config, "--output", "undisturbed")
        ranks = self.start(2, "train", self.config, "--output", "signalled")
        self.await_checkpoint("signalled", "step-00000020")
        ranks[1].send_signal(signal.SIGUSR1)
        self.finish(ranks, code=None)
        codes = {process.returncode for process in ranks.values()}
        self.assertIn(codes, ({6}, {0}), "all alike: saved, or finished before the signal")
        if codes == {6}:
            self.assertEqual(self.summary("signalled")["status"], "interrupted")
            self.finish(self.start(2, "resume", "signalled"))
        self.assert_equal_weights("undisturbed", "signalled", 1e-9)

    def test_the_first_rank_decides_whether_data_has_changed(self):
        rows = "".join(f"{i % 7},{i % 5},{i % 2}\n" for i in range(40))
        hosts = [self.folder / f"host{rank}" for rank in range(2)]
        for host in hosts:
            host.mkdir()
            (host / "data.csv").write_text(rows)
        config = self.write("csv.yaml", CONFIG.replace("data: digits", "data: {type: csv, path: data.csv}")
                            .replace("steps: 400", "steps: 20"))
        run = self.folder / "run"

        def start(*arguments):
            return self.start(2, *arguments, prefix=lambda rank: ["env", "-C", str(hosts[rank])])

        self.finish(start("train", config, "--output", run))
        (hosts[1] / "data.csv").write_text(rows + "1,1,1\n" * 2)
        self.finish(start("resume", run, "--set", "training.steps=30"))
        self.assertNotIn("changed_files", json.loads((run / "summary.json").read_text()))
        (hosts[0] / "data.csv").write_text(rows + "1,1,1\n")
        grown = f"'data.csv' grew from {len(rows)} to {len(rows) + 6} bytes"
        errors = self.finish(start("resume", run, "--set", "training.steps=40"), code=4)
        for rank in range(2):
            self.assertIn(grown, errors[rank])
        (hosts[1] / "data.csv").write_text(rows + "1,1,1\n")
        self.finish(start("resume", run, "--set", "training.steps=40", "--accept-changed-data"))
        self.assertEqual([change["step"] for change in json.loads((run / "summary.json").read_text())["changed_files"]], [30])

    def test_torchrun_starts_ranks_again_after_one_died(self):
        self.run_talweg("train", self.config, "--output", "calm")
        # The first attempt loses rank 1 after a checkpoint; the same command then continues.
        script = self.write("rank.sh", f"""\
if [ "$RANK$TORCHELASTIC_RESTART_COUNT" = 10 ]; then
  {PROGRAM} train ranks.yaml --output restarted --continue --quiet &
  until [ -e restarted/checkpoints/step-00000020 ]; do sleep 0.01; done
  kill -9 $!; wait; exit 1
fi
exec {PROGRAM} train ranks.yaml --output restarted --continue --quiet
""")
        done = subprocess.run(
            [sys.executable, "-c", "import torch_for_tests; torch_for_tests.import_torch(); from torch.distributed.run import main; main()", "--no-python", "--nproc-per-node=2", "--max-restarts=2",
             "--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{free_port()}", "bash", script],
            cwd=self.folder, capture_output=True, text=True, timeout=180,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(
                [str(SOURCE / "tests/interop"), os.environ.get("PYTHONPATH", "")])})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(self.summary("restarted")["status"], "completed")
        self.assert_equal_weights("calm", "restarted", 1e-9)

    def test_bfloat16_products_give_the_loss_of_one_process(self):
        lower = ["--set", "training.precision=bfloat16"]
        self.run_talweg("train", self.config, "--output", "one", *lower)
        self.finish(self.start(2, "train", self.config, "--output", "two", *lower))
        one, two = (self.summary(run)["metrics"]["eval/loss"] for run in ("one", "two"))
        self.assertLess(abs(one - two), 0.02)

    def test_gradients_are_rounded_on_request(self):
        bytes_per_step, losses = {}, {}
        for compression in ("none", "bfloat16", "float16"):
            self.finish(self.start(2, "train", self.config, "--output", compression, "--set", "training.precision=float32",
                                   "--set", f"distributed.compression={compression}"))
            last = [r for r in self.metrics(self.folder / compression) if "distributed/bytes_per_step" in r][-1]
            bytes_per_step[compression] = last["distributed/bytes_per_step"]
            losses[compression] = self.summary(compression)["metrics"]["eval/loss"]
        for compression, tolerance in (("bfloat16", 0.02), ("float16", 0.002)):
            self.assertLess(abs(bytes_per_step[compression] / bytes_per_step["none"] - 0.5), 0.02)
            self.assertNotEqual(losses[compression], losses["none"])
            self.assertLess(abs(losses[compression] - losses["none"]), tolerance)

    def test_a_sweep_trains_every_point_on_all_ranks(self):
        text = CONFIG.replace("steps: 400", "steps: 20") + "sweep: {optimizer.learning_rate: [1e-2, 1e-3]}\n"
        self.finish(self.start(2, "train", self.write("sweep.yaml", text), "--output", "grid"))
        runs = sorted(path.name for path in (self.folder / "grid").iterdir() if path.is_dir())
        self.assertEqual(len(runs), 2)
        for run in runs:
            self.assertEqual(json.loads((self.folder / "grid" / run / "summary.json").read_text())["distributed"]["ranks"], 2)

    def test_commands_for_one_process_say_so(self):
        error = self.finish(self.start(2, "reproduce", self.config, only=[0]), code=2)[0]
        self.assertIn("'talweg reproduce' is for one process", error)

    def test_half_a_launchers_environment_is_explained(self):
        done = subprocess.run([PROGRAM, "train", str(self.config)], capture_output=True, text=True, cwd=self.folder,
                              env=os.environ | {"RANK": "0"})
        self.assertEqual(done.returncode, 3)
        self.assertIn("RANK is set and WORLD_SIZE is not", done.stderr)


if __name__ == "__main__":
    unittest.main()
