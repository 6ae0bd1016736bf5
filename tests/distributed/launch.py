"""Starts a command as several ranks on this machine and waits for all: launch.py RANKS COMMAND…

Exit code 0 when all of them end with it; otherwise the output of every rank is printed.
"""

import os
import socket
import subprocess
import sys
import tempfile


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(rank, size, port):
    return os.environ | {"RANK": str(rank), "WORLD_SIZE": str(size), "LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1",
                         "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}


def main():
    size, command = int(sys.argv[1]), sys.argv[2:]
    port = free_port()
    ranks = []
    for rank in range(size):
        output = tempfile.TemporaryFile()
        ranks.append((subprocess.Popen(command, env=environment(rank, size, port), stdout=output,
                                       stderr=subprocess.STDOUT), output))
    codes = [process.wait() for process, _ in ranks]
    if any(codes) or size == 1:
        for rank, (_, output) in enumerate(ranks):
            output.seek(0)
            print(f"--- rank {rank} ended with {codes[rank]}\n{output.read().decode(errors='replace')}")
    sys.exit(max(map(abs, codes)))


if __name__ == "__main__":
    main()
