#!/usr/bin/env bash
# Installs the build given into a fresh folder, then configures, builds and runs the consumer against it.
set -euo pipefail
build=$1 torch_root=$2
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/installed" >/dev/null
cmake -S "$source" -B "$work/build" -G Ninja "-DCMAKE_PREFIX_PATH=$work/installed" "-DTALWEG_TORCH_ROOT=$torch_root" >/dev/null
ninja -C "$work/build" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$work/build/consumer"
"$work/installed/bin/talweg" version
