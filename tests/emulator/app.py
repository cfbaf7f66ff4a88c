# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's process: admin endpoints > call log > faults > moto. It ends when its standard input does."""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import threading

from admin import Admin, Calls
from faults import Faults

from demo.call_log import CallLog
from demo.server import account_of, load_images, moto_application, route, serve


def end_with_parent() -> None:
    """However the tests end, a SIGKILL included, the kernel closes their end of our standard input."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--fd", type=int, required=True)
    arguments = parser.parse_args()
    threading.Thread(target=end_with_parent, daemon=True).start()
    load_images(arguments.images)
    faults, calls = Faults(moto_application()), Calls()
    serve(Admin(CallLog(faults, account_of, route, calls), calls, faults), arguments.fd)


if __name__ == "__main__":
    main()
