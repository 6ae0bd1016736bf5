#!/usr/bin/env bash
# Formats every C++ file; with --check it only tells which ones are not formatted and fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run -Werror)
git ls-files --cached --others --exclude-standard -z '*.cpp' '*.h' '*.cu' '*.cuh' | xargs -0 clang-format "${mode[@]}"
