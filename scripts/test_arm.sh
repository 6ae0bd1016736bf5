#!/usr/bin/env bash
# Cross-compiles the kernels for 64-bit ARM and runs their tests under an emulator: NEON is a target that no x86 machine has.
# LibTorch is not needed, so neither is one for ARM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cmake -S tests/kernels -B build/arm -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/arm.cmake" >/dev/null
ninja --quiet -C build/arm
ctest --test-dir build/arm --output-on-failure
