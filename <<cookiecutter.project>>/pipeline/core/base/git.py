"""Git, asked on the command line."""

from __future__ import annotations

import subprocess


def git(*arguments: str) -> str:
    """Run Git; an empty text if it fails or is not there."""
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""
