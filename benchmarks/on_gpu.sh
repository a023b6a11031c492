#!/usr/bin/env bash
# What a GPU makes of metgan, in at most nine minutes on one card: bash benchmarks/on_gpu.sh [--tiny] OUT
# Measures this checkout, installed or not. See benchmarks/on_gpu.py.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$root/.venv/bin/python
[[ -x $python ]] || python=python3
PYTHONPATH=$root/src${PYTHONPATH:+:$PYTHONPATH} exec "$python" "$root/benchmarks/on_gpu.py" "$@"
