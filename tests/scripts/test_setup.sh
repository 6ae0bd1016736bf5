#!/usr/bin/env bash
# scripts/setup.sh in situations that go wrong, in a copy of the scripts with stand-ins for the tools it calls.
# usage: test_setup.sh SOURCE
set -euo pipefail
source=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fresh() { # an empty project with the scripts and a folder of stand-ins
  rm -rf "$work/project" "$work/bin"
  mkdir -p "$work/project" "$work/bin"
  cp -r "$source/scripts" "$work/project/"
  local tool
  for tool in bash sh env cat cksum df awk grep mkdir rm mv ln dirname basename id mktemp head tail flock touch ls cut sed chmod; do
    ln -s "$(command -v "$tool")" "$work/bin/$tool"
  done
}
stand_in() { printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"; chmod +x "$work/bin/$1"; }
run() { # answers the exit code; what was said is in $work/said
  local code=0
  env -u TALWEG_TORCH_ROOT -u Torch_DIR -u CMAKE_PREFIX_PATH PATH="$work/bin" TALWEG_CUDA="${cuda:-0}" "$work/project/scripts/setup.sh" \
    >"$work/out" 2>"$work/said" </dev/null || code=$?
  return $code
}
expect() { # DESCRIPTION WANTED-CODE PATTERN
  local code=0
  run || code=$?
  if [ "$code" -ne "$2" ] || ! grep -qE -- "$3" "$work/said"; then
    echo "FAILED: $1 (exit code $code, wanted $2 and '$3'):"
    sed 's/^/  /' "$work/said"
    failures=$((failures + 1))
  else
    echo "ok: $1"
  fi
}
# A system with every tool; python3 -m venv and pip are stand-ins that unpack a torch of two files.
complete_system() {
  fresh
  stand_in apt-get 'exit 0'
  stand_in dpkg-query 'for p in "$@"; do echo "$p install ok installed"; done'
  stand_in cmake 'for a in "$@"; do case $a in --preset) ;; release) mkdir -p build/release/app; : >build/release/build.ninja;; esac; done'
  stand_in ninja 'mkdir -p build/release/app; : >build/release/app/talweg; echo built >>ninja.log'
  stand_in python3 '
if [ "$2" = venv ]; then
  mkdir -p "$3/bin" "$3/lib/python3.11/site-packages"
  cat >"$3/bin/python" <<IN
#!/bin/sh
[ -e "$work_flag/no-network" ] && { echo "no network" >&2; exit 1; }
mkdir -p "$3/lib/python3.11/site-packages/torch/lib"
: >"$3/lib/python3.11/site-packages/torch/lib/libtorch_cpu.so"
echo fetched >>"$work_flag/fetches"
IN
  chmod +x "$3/bin/python"
fi'
  rm -f "$work/fetches" "$work/no-network"
}
export work_flag=$work

fresh
expect "another distribution gets a list of what to install" 1 "yaml-cpp, nlohmann-json, cxxopts"
grep -q "missing here: g++ cmake ninja python3" "$work/said" || { echo "FAILED: the missing tools are named"; failures=$((failures + 1)); }

fresh
stand_in apt-get 'echo "E: Unable to fetch some archives" >&2; exit 100'
stand_in dpkg-query 'exit 1'
expect "apt without a network" 1 "apt could not install them"

complete_system
touch "$work/no-network"
expect "wheels without a network" 1 "could not be fetched \(is there a network\?\)"
[ ! -e "$work/project/.deps/cpu" ] || { echo "FAILED: nothing half-fetched stays"; failures=$((failures + 1)); }
rm "$work/no-network"
expect "the next call repairs it" 0 "fetching LibTorch"

complete_system
mkdir -p "$work/project/.deps/cpu.partial/lib" "$work/project/.deps/cpu/lib"
expect "an interrupted download is repaired" 0 "fetching LibTorch"
run
if [ -s "$work/said" ] || [ "$(grep -c fetched "$work/fetches")" -ne 1 ]; then
  echo "FAILED: the second call set up again: $(cat "$work/said")"
  failures=$((failures + 1))
else
  echo "ok: a second call fetches and configures nothing"
fi

complete_system
rm "$work/bin/df"
stand_in df 'echo "Filesystem 1M-blocks Used Available"; echo "x 10 5 5 50% /"'
expect "too little disk space is said before anything is fetched" 1 "for the CPU .* needs 1800 MB of disk space, 5 MB are free"

complete_system
stand_in cmake 'echo "CMake Error: nothing fits" >&2; exit 1'
expect "a failing configuration shows why" 1 "nothing fits"

complete_system
stand_in ninja 'echo "FAILED: core/x.o"; echo "core/x.cpp:1:2: error: no such thing"; exit 1'
expect "a failing build shows why and where to read on" 1 "core/x.cpp:1:2: error: no such thing"
grep -q "the next call goes on from there" "$work/said" || { echo "FAILED: what happens next is said"; failures=$((failures + 1)); }

complete_system
stand_in ninja 'mkdir -p build/release/app; : >build/release/app/talweg; for i in 1 2 3 4; do echo "@$i/4@$((i * 45)) x.o"; done'
expect "a long build says how far it is" 0 "building, 50 %, 90 s left|building, 50 %, 2 minutes left"

exit $((failures > 0))
