"""Imports torch from the wheel that the program is built with.

The wheel is a CUDA build. Where its CUDA libraries are not installed, because a CPU build needs none of them, libraries without any
function take their place: nothing here computes on a GPU.
"""

import ctypes
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def stand_in(name, folder):
    library = pathlib.Path(folder) / name
    subprocess.run(["cc", "-shared", "-x", "c", "-o", library, "/dev/null", f"-Wl,-soname,{name}"], check=True)
    ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def import_torch():
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.submodule_search_locations is None:
        print("skipped: there is no Python package torch beside LibTorch")
        sys.exit(77)
    libraries = pathlib.Path(spec.submodule_search_locations[0]) / "lib"
    lazy = os.RTLD_LAZY | os.RTLD_GLOBAL
    with tempfile.TemporaryDirectory() as folder:
        made = set()
        while True:
            try:
                ctypes.CDLL(str(libraries / "libtorch_python.so"), mode=lazy)
                break
            except OSError as error:
                missing = re.match(r"(\S+): cannot open shared object file", str(error))
                if not missing or missing[1] in made:
                    raise
                made.add(missing[1])
                stand_in(missing[1], folder)
        sys.setdlopenflags(lazy)
        import torch
    return torch
