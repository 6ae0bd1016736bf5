"""A run across two hosts, here two network namespaces: over a good link, a slow one, and ones that delay and lose packets."""

import subprocess
import sys
import unittest

from test_ranks import CONFIG, RanksCase
from two_hosts import ADDRESSES, INTERFACES, inside, limited, lose, missing, round_trip, two_hosts

NETEM = ("netem", "delay", "50ms", "loss", "5%")


class TwoHosts(RanksCase):
    def setUp(self):
        super().setUp()
        self.config = self.write("ranks.yaml", CONFIG.replace("steps: 400", "steps: 40").replace("timeout: 20", "timeout: 60"))
        self.run_talweg("train", self.config, "--output", "one")

    def train_across(self, discipline, run, relay=None, loss=0, trip=0.0):
        """`trip`: seconds that packets must take there and back, at least."""
        if reason := missing(discipline, relay):
            self.skipTest(f"not tested: {run}; there are no such two hosts here: {reason}")
        with two_hosts(discipline, relay):
            if loss:
                try:
                    lose(loss)
                except (subprocess.CalledProcessError, FileNotFoundError) as error:
                    self.skipTest(f"not tested: {run}; packets cannot be dropped here: {error}")
            if trip:
                self.assertGreater(round_trip(), trip, "the link does not delay")
            ranks = self.start(2, "train", self.config, "--output", run, prefix=inside,
                               variables={"MASTER_ADDR": ADDRESSES[0]},
                               per_rank={rank: ["--set", f"distributed.interface={INTERFACES[rank]}"] for rank in (0, 1)})
            self.finish(ranks, seconds=240)
        self.assert_equal_weights("one", run, 1e-9)

    def test_over_a_plain_link(self):
        self.train_across((), "plain")

    def test_over_slow_links(self):
        for mbit in (20, 5):
            with self.subTest(mbit=mbit):
                self.train_across(limited(mbit), f"slow-{mbit}")

    def test_over_a_link_that_loses_packets(self):
        self.train_across((), "lossy", loss=0.05)

    def test_over_a_link_that_delays_and_loses_packets(self):
        if reason := missing(NETEM):
            print(f"no netem here ({reason}): a process carries, delays and loses the packets", file=sys.stderr)
            self.train_across((), "delayed", relay=(0.05, 0.05), trip=0.1)
        else:
            self.train_across(NETEM, "delayed", trip=0.1)


if __name__ == "__main__":
    if nothing := missing():
        print(f"skipped: there are no two hosts here: {nothing}")
        sys.exit(77)
    unittest.main()
