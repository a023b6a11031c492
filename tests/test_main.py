"""The package run as a module is the command line."""

from __future__ import annotations

import subprocess
import sys

from metgan import __version__


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "metgan", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_python_m_metgan_is_the_command_line_with_its_exit_status() -> None:
    assert run("--version").stdout.strip() == __version__
    refused = run("info", "nowhere")
    assert refused.returncode == 2
    assert refused.stderr.startswith("metgan: there is no nowhere; expected")
