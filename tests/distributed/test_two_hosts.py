"""A run across two hosts, here two network namespaces: over a good link, a slow one, and one that delays and loses packets."""

import subprocess
import unittest

from test_ranks import CONFIG, RanksCase
from two_hosts import ADDRESSES, INTERFACES, inside, limited, lose, missing, two_hosts


class TwoHosts(RanksCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("ranks.yaml", CONFIG.replace("steps: 400", "steps: 40").replace("timeout: 20", "timeout: 60"))
        self.run_talweg("train", self.config, "--output", "one")

    def train_across(self, discipline, run, loss=0):
        if reason := missing(discipline):
            self.skipTest(f"no two hosts with {' '.join(discipline) or 'a plain link'} here: {reason}")
        with two_hosts(discipline):
            if loss:
                try:
                    lose(loss)
                except (subprocess.CalledProcessError, FileNotFoundError) as error:
                    self.skipTest(f"packets cannot be dropped here: {error}")
            ranks = self.start(2, "train", self.config, "--output", run, prefix=inside,
                               variables={"MASTER_ADDR": ADDRESSES[0]},
                               per_rank={rank: ["--set", f"distributed.interface={INTERFACES[rank]}"] for rank in (0, 1)})
            self.finish(ranks, seconds=240)
        self.assert_equal_weights("one", run, 1e-9)

    def test_over_a_plain_link(self):
        self.train_across((), "plain")

    def test_over_a_slow_link(self):
        self.train_across(limited(5), "slow")

    def test_over_a_link_that_loses_packets(self):
        self.train_across((), "lossy", loss=0.05)

    def test_over_a_link_that_delays_and_loses_packets(self):
        self.train_across(("netem", "delay", "50ms", "loss", "5%"), "delayed")


if __name__ == "__main__":
    unittest.main()
