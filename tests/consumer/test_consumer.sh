#!/usr/bin/env bash
# Installs the build given into a fresh folder and builds against it, and runs: the program that README.md prints, with the very text
# printed there, and one that makes every public optimizer. Both link Talweg::optim, which needs none of the libraries that other parts
# of the package do: they are hidden.
set -euo pipefail
build=$1 torch_root=$2
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/installed" >/dev/null

# The first block of README.md in this language.
printed() { awk -v open="\`\`\`$1" '$0 == open {inside = 1; next} inside && /^```/ {exit} inside' "$source/../../README.md"; }
mkdir "$work/mine"
printed cmake >"$work/mine/CMakeLists.txt"
printed cpp >"$work/mine/mine.cpp"
[ -s "$work/mine/CMakeLists.txt" ] && [ -s "$work/mine/mine.cpp" ]

build_against_the_installation() {
  cmake -S "$1" -B "$2" -G Ninja "-DCMAKE_PREFIX_PATH=$work/installed" "-DTALWEG_TORCH_ROOT=$torch_root" \
    -DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON -DCMAKE_DISABLE_FIND_PACKAGE_yaml-cpp=ON >/dev/null
  ninja -C "$2" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
}
build_against_the_installation "$work/mine" "$work/build-mine"
"$work/build-mine/mine"
build_against_the_installation "$source" "$work/build"
"$work/build/consumer"
"$work/installed/bin/talweg" version
