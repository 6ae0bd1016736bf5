"""Agents that are processes of their own: one that is killed keeps nobody waiting, and comes back."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))
from launch import free_port  # noqa: E402
from talweg_case import PROGRAM, TalwegCase  # noqa: E402

CONFIG = """\
name: apart
device: cpu
agents: {count: 3, graph: complete, every: 2, data: blocks, consensus: averaging}
task: glm
optimizer: {type: sgd, learning_rate: 0.1}
training: {steps: 100000, batch_size: 4, log_every: 100000, evaluate_every: 100000}
checkpoint: {every: 50}
"""


class Agents(TalwegCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("apart.yaml", CONFIG)
        self.output = self.folder / "run"

    def start(self, agent, *more):
        process = subprocess.Popen(
            [PROGRAM, "train", self.config, "--output", self.output, "--quiet", "--agent", str(agent), *more], text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def history(self, agent):
        file = self.output / f"agent_{agent}" / "links.jsonl"
        lines = file.read_text().split("\n")[:-1] if file.exists() else []
        return [json.loads(line) for line in lines]

    def wait_for(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), end, f"waited for {what}")
            time.sleep(0.02)

    def heard(self, agent, sender, after):
        return any(arrived[0] == sender for line in self.history(agent)[after:] for arrived in line["arrived"])

    def has_checkpoint(self, agent):
        folder = self.output / f"agent_{agent}" / "checkpoints"
        return folder.exists() and any(path.name.startswith("step-") for path in folder.iterdir())

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 6, "saved, to be continued")

    def test_one_that_is_killed_is_missed_by_nobody_and_comes_back(self):
        agents = [self.start(i) for i in range(3)]
        for i in range(3):
            self.wait_for(lambda: all(self.heard(i, j, 0) for j in range(3) if j != i), f"agent {i} to hear all")
        self.wait_for(lambda: self.has_checkpoint(1), "a checkpoint of agent 1")
        agents[1].kill()
        agents[1].wait()
        # The others go on, and the age of the copy that they hold grows by one in every round.
        seen = len(self.history(0))
        self.wait_for(lambda: len(self.history(0)) > seen + 60, "sixty rounds more")
        ages = [age for line in self.history(0)[seen + 20:] for sender, _, age in line["ages"] if sender == 1]
        self.assertEqual(ages, list(range(ages[0], ages[0] + len(ages))))
        self.assertTrue(self.heard(0, 2, seen + 20), "who lives is heard")
        # A snapshot that is none is told of and passed over.
        self.write("none", "TALWSNAP and nothing else").replace(self.output / "mail" / "agent_1.snapshot")
        came_back_after = len(self.history(0))
        back = self.start(1, "--continue")
        self.wait_for(lambda: self.heard(0, 1, came_back_after), "agent 1 to be heard again")
        rounds = [line["round"] for line in self.history(1)]
        self.assertEqual(rounds, list(range(len(rounds))), "its history goes on where its checkpoint was")
        for process in (agents[0], agents[2], back):
            self.stop(process)
        summary = json.loads((self.output / "agent_0" / "summary.json").read_text())
        self.assertEqual(sum(summary["snapshots"]["rejected"].values()), 1)
        self.assertIn("a snapshot of agent 1 was rejected", agents[0].stderr.read())

    def test_agents_without_a_folder_in_common_meet_by_their_addresses(self):
        addresses = json.dumps([f"127.0.0.1:{free_port()}" for _ in range(3)])
        more = ["--set", f"agents.addresses={addresses}"]
        agents = [self.start(i, *more) for i in range(3)]
        for i in range(3):
            self.wait_for(lambda: all(self.heard(i, j, 0) for j in range(3) if j != i), f"agent {i} to hear all")
        # One hangs, one is killed; who is left goes on.
        agents[1].send_signal(signal.SIGSTOP)
        agents[2].kill()
        agents[2].wait()
        seen = len(self.history(0))
        self.wait_for(lambda: len(self.history(0)) > seen + 40, "forty rounds more")
        agents[1].send_signal(signal.SIGCONT)
        woken = len(self.history(0))
        self.wait_for(lambda: self.heard(0, 1, woken + 5), "agent 1 to be heard again")
        back = self.start(2, "--continue", *more)
        again = len(self.history(0))
        self.wait_for(lambda: self.heard(0, 2, again), "agent 2 to be heard again")
        self.assertFalse((self.output / "mail").exists())
        for process in (agents[0], agents[1], back):
            self.stop(process)

    def test_all_are_started_and_stopped_by_one_command(self):
        together = self.start("all")
        for i in range(3):
            self.wait_for(lambda: self.heard(i, (i + 1) % 3, 0), f"agent {i} to hear of another")
        self.stop(together)
        for i in range(3):
            summary = json.loads((self.output / f"agent_{i}" / "summary.json").read_text())
            self.assertEqual(summary["status"], "interrupted")

    def test_configurations_of_other_runs_are_not_listened_to(self):
        first = self.start(0)
        self.wait_for(lambda: (self.output / "mail" / "agent_0.snapshot").exists(), "a snapshot")
        other = self.start(1, "--set", "optimizer.learning_rate=0.2")
        self.wait_for(lambda: len(self.history(1)) > 3, "rounds")
        for process in (first, other):
            self.stop(process)
        reasons = json.loads((self.output / "agent_1" / "summary.json").read_text())["snapshots"]["rejected"]
        self.assertIn("agent 0: it is of an agent with another configuration", reasons)


if __name__ == "__main__":
    unittest.main()
