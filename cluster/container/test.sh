#!/usr/bin/env bash
# Builds the container without a registry and runs it: cluster/container/test.sh     as root, on Debian, with a network.
# The base image is made by debootstrap; the certificates and the pip configuration of this host, where it stands behind a
# proxy with its own, are lent to the build. Exit code 77: not possible here. It compiles everything, as the first ./talweg does.
# Environment:
#   TALWEG_DATA        what scripts/fetch_data.sh puts into the image (default: nothing)
#   TALWEG_CUDA        1: the image for GPUs, which is built and asked for its version
#   TALWEG_BUILD_JOBS  parallel compiler processes (default: all cores)
#   TALWEG_CCACHE      a folder of ccache that the build uses and fills, for a second run that is faster
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*"; exit 1; }
[ "$(id -u)" = 0 ] || skip "building images here needs root"
if ! command -v buildah >/dev/null || ! command -v debootstrap >/dev/null; then
  command -v apt-get >/dev/null || skip "neither buildah nor apt is here"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends buildah debootstrap; } >/dev/null 2>&1 ||
    skip "buildah and debootstrap could not be installed"
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/talweg-container-XXXXXX")
store=(--root "$folder/store" --runroot "$folder/run" --storage-driver vfs)
trap 'buildah "${store[@]}" rm --all >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

debootstrap --variant=minbase bookworm "$folder/rootfs" >"$folder/debootstrap.log" 2>&1 ||
  { tail -n 5 "$folder/debootstrap.log"; fail "debootstrap made no base"; }
tar -C "$folder/rootfs" -cf "$folder/rootfs.tar" . && rm -rf "$folder/rootfs"
printf 'FROM scratch\nADD rootfs.tar /\nCMD ["bash"]\n' >"$folder/base.Dockerfile"
buildah "${store[@]}" bud --isolation chroot -q -t docker.io/library/debian:bookworm-slim -f "$folder/base.Dockerfile" "$folder" >/dev/null
rm "$folder/rootfs.tar"
echo "ok: a base image"

# What of this host the build may need to reach the network; the Dockerfile knows nothing of it.
lent=()
bundle=${PIP_CERT:-${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}}
if [ -e "$bundle" ]; then
  { echo "[global]"
    echo "cert = /etc/host-ca.crt"
    [ -e /etc/pip.conf ] && grep -v -e '^\[global\]' -e '^ *cert *=' /etc/pip.conf || true; } >"$folder/pip.conf"
  lent+=(-v "$(realpath "$bundle"):/etc/host-ca.crt:ro" -v "$folder/pip.conf:/etc/pip.conf:ro")
fi
for name in http_proxy https_proxy no_proxy; do
  [ -n "${!name:-}" ] && lent+=(--env "$name=${!name}")
done
[ -n "${TALWEG_CCACHE:-}" ] && mkdir -p "$TALWEG_CCACHE" && lent+=(-v "$(realpath "$TALWEG_CCACHE"):/ccache:rw")
commit=$(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || true)
echo "building; it writes $folder/build.log"
buildah "${store[@]}" bud --isolation chroot --pull-never "${lent[@]}" --build-arg "TALWEG_DATA=${TALWEG_DATA:-}" \
  --build-arg "TALWEG_CUDA=${TALWEG_CUDA:-0}" --build-arg "TALWEG_BUILD_JOBS=${TALWEG_BUILD_JOBS:-}" \
  --build-arg "TALWEG_COMMIT=$commit" \
  -t talweg -f "$here/Dockerfile" "$here" >"$folder/build.log" 2>&1 || { tail -n 30 "$folder/build.log"; fail "the image was not built"; }
echo "ok: the image is built"

container=$(buildah "${store[@]}" from --pull-never talweg)
inside() { buildah "${store[@]}" run --isolation chroot "$container" "$@"; }
echo "its size: $(du -sh "$(buildah "${store[@]}" mount "$container")" | cut -f1)"
[ "$(inside id -u)" = 1000 ] || fail "it does not run as an ordinary user"
command=$(buildah "${store[@]}" inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}' "$container")
[ "$command" = "[talweg] [reproduce configs/paper]" ] || fail "by default it runs $command"
version=$(inside talweg version)
echo "$version"
[[ $version == *"${commit:-}"* ]] || fail "it does not know its commit $commit"
inside talweg train configs/quickstart.yaml --output runs/quickstart --quiet --set training.epochs=1
inside test -s runs/quickstart/report.html || fail "the quickstart left no report"
echo "ok: the quickstart trains in it, and its report is there"
inside talweg reproduce configs/paper/lorenza/range_finder.yaml --output runs/reproduced --quiet
echo "ok: it reproduces"
