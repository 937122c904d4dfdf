"""Finds a Chromium for the browser tests."""

import os
import shutil
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Pitfall 19 of the dependencies' rules: quiet, and able to run as root in a container.
ARGUMENTS = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


@cache
def find_chromium() -> str | None:
    """The path of the first Chromium on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def chromium_arguments() -> list[str]:
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
