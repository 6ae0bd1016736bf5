"""Two network namespaces that stand for two hosts, with a link of known properties between them. Needs root, ip and tc."""

import contextlib
import subprocess

ADDRESSES = ("10.77.0.1", "10.77.0.2")
NAMES = ("talweg-a", "talweg-b")
INTERFACES = ("veth-a", "veth-b")


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def inside(rank):
    """The beginning of a command that runs on host `rank`."""
    return ["ip", "netns", "exec", NAMES[rank]]


@contextlib.contextmanager
def two_hosts(discipline=()):
    """`discipline`: what tc makes of what a host sends, such as ("netem", "delay", "50ms")."""
    for name in NAMES:
        run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", INTERFACES[0], "netns", NAMES[0], "type", "veth", "peer", "name", INTERFACES[1], "netns", NAMES[1])
        for rank in (0, 1):
            run(*inside(rank), "ip", "addr", "add", ADDRESSES[rank] + "/24", "dev", INTERFACES[rank])
            run(*inside(rank), "ip", "link", "set", INTERFACES[rank], "up")
            run(*inside(rank), "ip", "link", "set", "lo", "up")
            if discipline:
                run(*inside(rank), "tc", "qdisc", "add", "dev", INTERFACES[rank], "root", *discipline)
        yield
    finally:
        for name in NAMES:
            run("ip", "netns", "delete", name)


def lose(probability):
    """Every host drops packets that arrive, at random."""
    for rank in (0, 1):
        run(*inside(rank), "iptables", "-A", "INPUT", "-i", INTERFACES[rank], "-m", "statistic", "--mode", "random",
            "--probability", str(probability), "-j", "DROP")


def limited(mbit):
    """A link of `mbit` Mbit/s."""
    return ("tbf", "rate", f"{mbit}mbit", "burst", "256kb", "latency", "100ms")


def missing(discipline=()):
    """Why two hosts cannot be made here, or nothing."""
    try:
        with two_hosts(discipline):
            return ""
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        return said.decode().strip().splitlines()[0]
