#!/usr/bin/env bash
# Prepares everything that ./talweg and ./test need, and nothing that is there already.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: scripts/setup.sh [--tests] [--checks] [--configure-only | --cuda-sources]

Installs system packages (apt), unpacks LibTorch into .deps/, configures and builds. Every step that is done already is
passed over; an interrupted one is repaired by the next call.

  --tests          also what the tests need (Python packages in .deps/python-tests)
  --checks         also clang and clang-format, with which continuous integration checks the sources
  --configure-only no build
  --cuda-sources   configures build/cuda-sources, where the CUDA sources compile (target talweg_cuda_sources) and nothing
                   links: a compiler of 300 MB instead of the CUDA build's 5 GB

Environment:
  TALWEG_CUDA=0|1       CPU or CUDA build (default: CUDA when an NVIDIA driver is present)
  TALWEG_TORCH_ROOT     an existing LibTorch (the folder with include/ and lib/); also found through Torch_DIR or
                        CMAKE_PREFIX_PATH
  CUDA_HOME             an existing CUDA toolkit for the CUDA build
  TALWEG_BUILD_JOBS     parallel compiler processes (default: all cores)
TEXT
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
. scripts/pins.sh
say() { printf 'talweg setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

want_tests=0 want_checks=0 build_it=1 sources_only=0
for argument in "$@"; do
  case $argument in
    --tests) want_tests=1 ;;
    --checks) want_checks=1 ;;
    --configure-only) build_it=0 ;;
    --cuda-sources) build_it=0 sources_only=1 TALWEG_CUDA=1 ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

profile() {
  if [ -n "${TALWEG_CUDA:-}" ]; then
    [ "$TALWEG_CUDA" = 1 ] && echo cuda || echo cpu
  elif command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then
    echo cuda
  else
    echo cpu
  fi
}

# install_packages NAME...: those that are missing, through apt.
install_packages() {
  local missing=() package
  if command -v dpkg-query >/dev/null 2>&1 && command -v apt-get >/dev/null 2>&1; then
    local installed
    installed=$(dpkg-query -W -f '${Package} ${Status}\n' "$@" 2>/dev/null | awk '/install ok installed/ {print $1}') || true
    for package in "$@"; do grep -qx -- "$package" <<<"$installed" || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    local sudo=
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null 2>&1 || die "these packages are missing and neither root nor sudo is at hand: ${missing[*]}"
      sudo=sudo
    fi
    say "installing ${#missing[@]} system packages: ${missing[*]}"
    local log
    log=$(mktemp)
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 ||
      say "the package lists could not be refreshed; trying with the old ones"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1 ||
      { tail -n 5 "$log" >&2; die "apt could not install them (is there a network, is the disk full?); run the command again afterwards"; }
    rm -f "$log"
  else
    for package in g++ cmake ninja python3; do command -v "$package" >/dev/null 2>&1 || missing+=("$package"); done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "this system has no apt; please install with its own package manager:"
    say "  a C++20 compiler (g++ >= 12), cmake >= 3.25, ninja, git, python3 with venv and pip, gnuplot, ccache (optional)"
    say "  the libraries yaml-cpp, nlohmann-json, cxxopts, zlib, NLopt, GoogleTest, Google Benchmark, with their headers"
    die "missing here: ${missing[*]}"
  fi
}

require_space() { # MEGABYTES WHAT
  local free
  free=$(df -Pm "$root" | awk 'NR == 2 {print $4}')
  [ "$free" -ge "$1" ] || die "$2 needs $1 MB of disk space, $free MB are free here"
}

# unpack_wheels FOLDER DESCRIPTION MEGABYTES PIP-ARGUMENTS...: into a virtual environment that appears whole or not at all.
unpack_wheels() {
  local folder=$1 description=$2 megabytes=$3
  shift 3
  local wanted="$*"
  [ "$1" = -r ] && wanted="$* $(cksum <"$2")"
  [ -e "$folder/.complete" ] && [ "$(cat "$folder/.complete")" = "$wanted" ] && return 0
  require_space "$megabytes" "$description"
  say "fetching $description"
  rm -rf "$folder" "$folder.partial"
  mkdir -p "$(dirname "$folder")"
  python3 -m venv "$folder.partial" >/dev/null || die "python3 -m venv failed; is python3-venv installed?"
  "$folder.partial/bin/python" -m pip install -q --disable-pip-version-check "$@" ||
    { rm -rf "$folder.partial"; die "$description could not be fetched (is there a network?); run the command again"; }
  mv "$folder.partial" "$folder"
  # Scripts name the interpreter by the folder that they were made in.
  local script
  for script in "$folder"/bin/*; do
    if [ -f "$script" ] && [ ! -L "$script" ]; then sed -i "1s|/$folder\.partial/bin/|/$folder/bin/|" "$script"; fi
  done
  printf '%s' "$wanted" >"$folder/.complete"
}

site_packages() { echo "$1"/lib/python3*/site-packages; }

# The wheels of the toolkit lack the link names that a compiler looks for.
complete_cuda_toolkit() { # FOLDER
  local library
  for library in "$1"/lib/lib*.so.*; do
    [ -e "${library%%.so.*}.so" ] || ln -s "$(basename "$library")" "${library%%.so.*}.so"
  done
  [ -e "$1/lib64" ] || ln -s lib "$1/lib64"
}

find_existing_libtorch() {
  local place
  if [ -n "${TALWEG_TORCH_ROOT:-}" ]; then
    echo "$TALWEG_TORCH_ROOT"
  elif [ -n "${Torch_DIR:-}" ]; then
    (cd "$Torch_DIR/../../.." && pwd)
  else
    IFS=: read -r -a places <<<"${CMAKE_PREFIX_PATH:-}"
    for place in ${places[@]+"${places[@]}"}; do
      [ -e "$place/share/cmake/Torch/TorchConfig.cmake" ] && { echo "$place"; return; }
      [ -e "$place/Torch/TorchConfig.cmake" ] && { (cd "$place/../.." && pwd); return; }
    done
  fi
}

mkdir -p .deps build
exec 9>.deps/setup.lock
flock 9 2>/dev/null || true

kind=$(profile)
preset=release
[ "$kind" = cuda ] && preset=cuda
build=build/$preset
[ "$sources_only" = 1 ] && kind=cuda-sources build=build/cuda-sources
torch_root=$(find_existing_libtorch)

# Everything before the build is keyed on what it depends on; when nothing changed it costs nothing.
requirements=$([ "$want_tests" = 0 ] || cat tests/requirements.txt)
stamp_key="$(cat scripts/pins.sh scripts/setup.sh - <<<"$requirements" | cksum) $kind $torch_root ${CUDA_HOME:-} $want_tests $want_checks"
stamp=.deps/ready-$kind-$want_tests-$want_checks
if [ "$(cat "$stamp" 2>/dev/null)" != "$stamp_key" ] || [ ! -e "$build/build.ninja" ]; then
  packages=$APT_PACKAGES
  [ "$want_checks" = 1 ] && packages="$packages $APT_PACKAGES_CI"
  # shellcheck disable=SC2086
  install_packages $packages

  cuda_arguments=() toolkit=${CUDA_HOME:-}
  if [ -z "$torch_root" ]; then
    if [ "$kind" = cuda ]; then
      unpack_wheels .deps/cuda "LibTorch $TORCH_VERSION with CUDA (5 GB)" "$CUDA_MEGABYTES" $CUDA_WHEELS $CUDA_TOOLKIT_WHEELS
      torch_root=$root/$(site_packages .deps/cuda)/torch
    else
      unpack_wheels .deps/cpu "LibTorch $TORCH_VERSION for the CPU (520 MB, unpacked 1.3 GB)" "$CPU_MEGABYTES" --no-deps $CPU_WHEELS
      torch_root=$root/$(site_packages .deps/cpu)/torch
    fi
  fi
  [ -e "$torch_root/lib/libtorch_cpu.so" ] || die "there is no LibTorch in '$torch_root' (no lib/libtorch_cpu.so)"
  if [ "$kind" != cpu ]; then
    if [ -z "$toolkit" ] && [ "$kind" = cuda-sources ]; then
      unpack_wheels .deps/cuda-compiler "the CUDA compiler (300 MB)" "$CUDA_COMPILER_MEGABYTES" $CUDA_COMPILER_WHEELS
      toolkit=$root/$(site_packages .deps/cuda-compiler)/nvidia/cu13
    fi
    toolkit=${toolkit:-$(dirname "$torch_root")/nvidia/cu13}
    [ -x "$toolkit/bin/nvcc" ] || die "there is no CUDA toolkit in '$toolkit' (no bin/nvcc); set CUDA_HOME"
    [ -n "${CUDA_HOME:-}" ] || complete_cuda_toolkit "$toolkit"
    # CMake forgets every setting when the compiler of a folder changes.
    if [ -e "$build/CMakeCache.txt" ] && ! grep -q "^CMAKE_CUDA_COMPILER:[A-Z]*=$toolkit/bin/nvcc$" "$build/CMakeCache.txt"; then
      rm -rf "$build/CMakeCache.txt" "$build/CMakeFiles"
    fi
    nccl=
    for place in "$(dirname "$torch_root")/nvidia/nccl/include" "$toolkit/include" /usr/include /usr/local/include; do
      [ -e "$place/nccl.h" ] && nccl=$place && break
    done
    if [ -z "$nccl" ]; then
      unpack_wheels .deps/nccl "NCCL (300 MB)" "$NCCL_MEGABYTES" --no-deps $NCCL_WHEELS
      nccl=$root/$(site_packages .deps/nccl)/nvidia/nccl/include
    fi
    cuda_arguments=("-DTALWEG_NCCL_INCLUDE=$nccl" -DTALWEG_CUDA=ON "-DCMAKE_CUDA_COMPILER=$toolkit/bin/nvcc" "-DCUDAToolkit_ROOT=$toolkit")
  fi
  test_arguments=()
  if [ "$want_tests" = 1 ]; then
    unpack_wheels .deps/python-tests "Python packages for the tests" 500 -r tests/requirements.txt
    test_arguments=("-DTALWEG_TEST_PYTHON=$root/.deps/python-tests/bin/python")
  fi

  say "configuring $build"
  cmake --preset "$preset" -B "$build" "-DTALWEG_TORCH_ROOT=$torch_root" ${test_arguments[@]+"${test_arguments[@]}"} \
    ${cuda_arguments[@]+"${cuda_arguments[@]}"} >"$build.log" 2>&1 || { tail -n 20 "$build.log" >&2; die "configuring failed (see $build.log)"; }
  printf '%s' "$stamp_key" >"$stamp"
fi

[ "$build_it" = 1 ] || { echo "$build"; exit 0; }

# report_progress LOG: reads what ninja prints; a terminal gets one line with percent and time left, anything else a line a minute.
# Messages of the compiler go to LOG.
report_progress() {
  local line shown=0 done total elapsed left
  while IFS= read -r line; do
    if [[ ! $line =~ ^@([0-9]+)/([0-9]+)@([0-9]+) ]]; then
      printf '%s\n' "$line" >>"$1"
      continue
    fi
    done=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]} elapsed=${BASH_REMATCH[3]}
    [ "$total" -ge 3 ] || continue
    left=
    [ "$elapsed" -ge 20 ] && left=", $(duration $((elapsed * (total - done) / done))) left"
    if [ -t 2 ]; then
      printf '\r\033[Ktalweg setup: building, %d %%%s' $((100 * done / total)) "$left" >&2
    elif [ $((elapsed - shown)) -ge 60 ] && [ "$done" -lt "$total" ]; then
      shown=$elapsed
      say "building, $((100 * done / total)) %$left"
    fi
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}

duration() { # SECONDS
  if [ "$1" -lt 90 ]; then echo "$1 s"; else echo "$((($1 + 30) / 60)) minutes"; fi
}

# The build itself: ninja knows what is out of date, and says nothing when nothing is. What was interrupted goes on.
targets=(talweg talweg_engine) seconds=$PROGRAM_SECONDS
[ "$want_tests" = 1 ] && targets=(all) seconds=$((PROGRAM_SECONDS + TESTS_SECONDS))
jobs=()
[ -n "${TALWEG_BUILD_JOBS:-}" ] && jobs=(-j "$TALWEG_BUILD_JOBS")
if [ ! -e "$build/app/talweg" ]; then
  export CCACHE_DISABLE=1  # nothing is cached yet, and looking costs an eighth of the time
  require_space "$BUILD_MEGABYTES" "the build"
  cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc 2>/dev/null || echo 1)  # those are about threads of a training
  say "building (about $(duration $((seconds / cores))) on $cores processors of a server of 2022)"
fi
: >"$build.log"
NINJA_STATUS='@%f/%t@%e ' ninja -C "$build" "${jobs[@]+"${jobs[@]}"}" "${targets[@]}" 2>&1 | report_progress "$build.log" &&
  status=0 || status=$?
if [ "$status" -ne 0 ]; then
  grep -E 'error|FAILED' "$build.log" | head -n 20 >&2
  die "the build failed (see $build.log); the next call goes on from there"
fi
warnings=$(grep -c 'warning:' "$build.log" || true)
[ "$warnings" -eq 0 ] || say "the compiler gave $warnings warnings (see $build.log)"
echo "$build"
