#!/usr/bin/env bash
# Compiles every CUDA source of the project, so that they cannot rot on machines without a GPU. No device is needed.
# The CUDA wheels go to .deps/cuda (5 GB) unless an existing LibTorch and toolkit are named as in scripts/setup.sh.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
TALWEG_CUDA=1 scripts/setup.sh --configure-only
ninja -C build/cuda talweg_cuda_sources
