"""Two network namespaces that stand for two hosts, with a link of known properties between them. Needs root, ip and tc."""

import contextlib
import os
import pathlib
import subprocess
import sys

ADDRESSES = ("10.77.0.1", "10.77.0.2")
NAMES = tuple(f"talweg-{os.getpid()}-{host}" for host in "ab")
INTERFACES = ("veth-a", "veth-b")


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


def inside(rank):
    """The beginning of a command that runs on host `rank`."""
    return ["ip", "netns", "exec", NAMES[rank]]


@contextlib.contextmanager
def two_hosts(discipline=(), relay=None):
    """`discipline`: what tc makes of what a host sends, such as ("netem", "delay", "50ms"). `relay`: seconds of delay and
    probability of loss each way, by a process that carries the packets, where the kernel has no netem."""
    with contextlib.ExitStack() as stack:
        for name in NAMES:
            run("ip", "netns", "add", name)
            stack.callback(run, "ip", "netns", "delete", name)
        if relay:
            stack.enter_context(relayed(*relay))
        else:
            run("ip", "link", "add", INTERFACES[0], "netns", NAMES[0], "type", "veth", "peer", "name", INTERFACES[1], "netns", NAMES[1])
        for rank in (0, 1):
            run(*inside(rank), "ip", "addr", "add", ADDRESSES[rank] + "/24", "dev", INTERFACES[rank])
            run(*inside(rank), "ip", "link", "set", INTERFACES[rank], "up")
            run(*inside(rank), "ip", "link", "set", "lo", "up")
            if discipline:
                run(*inside(rank), "tc", "qdisc", "add", "dev", INTERFACES[rank], "root", *discipline)
        yield


@contextlib.contextmanager
def relayed(delay, loss):
    """A link between the hosts made of two tunnel devices and a process."""
    script = pathlib.Path(__file__).with_name("relay.py")
    process = subprocess.Popen([sys.executable, script, *NAMES, *INTERFACES, str(delay), str(loss)], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if process.stdout.readline() != "ready\n":
            raise subprocess.CalledProcessError(process.wait(), "relay.py", stderr=process.stderr.read().strip().splitlines()[-1].encode())
        yield
    finally:
        process.kill()
        process.communicate()


def lose(probability):
    """Every host drops packets that arrive, at random."""
    for rank in (0, 1):
        run(*inside(rank), "iptables", "-A", "INPUT", "-i", INTERFACES[rank], "-m", "statistic", "--mode", "random",
            "--probability", str(probability), "-j", "DROP")


def limited(mbit):
    """A link of `mbit` Mbit/s."""
    return ("tbf", "rate", f"{mbit}mbit", "burst", "256kb", "latency", "100ms")


def missing(discipline=(), relay=None):
    """Why two hosts cannot be made here, or nothing."""
    try:
        with two_hosts(discipline, relay):
            return ""
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        said = (getattr(error, "stderr", None) or str(error).encode()).decode().strip()
        return (said or str(error)).splitlines()[0]


def round_trip():
    """Seconds that a small packet takes to the other host and back: the median of five that came back."""
    done = subprocess.run([*inside(0), sys.executable, "-c", PROBE, ADDRESSES[1]], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


# A connection that is refused has been there and back.
PROBE = """
import socket, statistics, sys, time
times = []
for _ in range(9):
    begin = time.time()
    try:
        socket.create_connection((sys.argv[1], 9), timeout=10).close()
    except ConnectionRefusedError:
        times.append(time.time() - begin)
print(statistics.median(times))
"""
