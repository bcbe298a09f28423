# Sourced by the scripts: messages, the repository's root, how many jobs fit this machine, and the compiler cache.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

# One job a core, and no more than fit into the free memory: the largest sources take 1.5 GiB to compile.
jobs() {
  local cores available_kib by_memory
  cores=$(nproc)
  available_kib=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
  by_memory=$((available_kib / (1536 * 1024)))
  [ "$by_memory" -ge 1 ] || by_memory=1
  echo $((cores < by_memory ? cores : by_memory))
}

# The tools (scripts/tools.txt) that the tests of a preset need whose names match: tools_needed_by PRESET [REGEX]
tools_needed_by() { ctest --test-dir "build/$1" --print-labels --tests-regex "${2:-.}" | sed -n 's/^ *tool://p'; }

# ccache takes part in builds with precompiled headers only with these (ccache manual, "Precompiled headers").
export CCACHE_SLOPPINESS="${CCACHE_SLOPPINESS:-pch_defines,time_macros,include_file_mtime,include_file_ctime}"
# Objects are shared between build folders and between clones (the install test builds the libraries a second time).
export CCACHE_NOHASHDIR=1
export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$root}"
