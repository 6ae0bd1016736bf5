"""A link between two network namespaces that delays and loses packets, for kernels without netem:

    relay.py NAMESPACE NAMESPACE DEVICE DEVICE DELAY LOSS

Makes a tunnel device in each namespace, writes "ready", and carries packets from one to the other: DELAY seconds later, or,
with probability LOSS, not at all. Ends when it is killed. Needs root.
"""

import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000


def tunnel(namespace, device):
    """A file that reads what the namespace sends through the device and writes what it receives."""
    library = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}") as place:
        if library.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    file = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return file


def carry(ends, delay, loss):
    chance = random.Random(1)
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting = collections.deque()  # of (when, where to, packet): the delay is one, so they are in order
    while True:
        patience = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(ends, [], [], patience)[0]:
            packet = os.read(end, 65536)
            if chance.random() >= loss:
                waiting.append((time.monotonic() + delay, other[end], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, packet = waiting.popleft()
            try:
                os.write(end, packet)
            except OSError:
                pass  # the device is down or full: links lose packets


def main():
    namespaces, devices, (delay, loss) = sys.argv[1:3], sys.argv[3:5], map(float, sys.argv[5:7])
    ends = [tunnel(namespace, device) for namespace, device in zip(namespaces, devices)]
    print("ready", flush=True)
    carry(ends, delay, loss)


if __name__ == "__main__":
    main()
