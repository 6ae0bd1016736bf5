#!/usr/bin/env bash
# Compiles every CUDA source of the project, so that they cannot rot on machines without a GPU. No device is needed, and no
# more of CUDA than its compiler, which goes to .deps/cuda-compiler unless CUDA_HOME names a toolkit.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh --cuda-sources >/dev/null
ninja --quiet -C build/cuda-sources talweg_cuda_sources
