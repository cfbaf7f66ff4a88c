# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's process: admin endpoints > call log > weather > moto. It ends when its standard input does.

With ``--enforce``: admin endpoints > call log > enforcement > weather > mends > moto.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import threading
import typing as t

from admin import Admin, Calls
from watch import Detours, Holds, Issued, WatchAdmin

from demo.call_log import CallLog
from demo.server import account_of, load_images, moto_application, route, serve

if t.TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

#: The policies of AWS's own that tests and SkyPilot attach. To make all 1500 would take moto half a second an account.
AWS_POLICIES = ("AdministratorAccess", "AmazonEC2FullAccess", "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess")


def load_policies() -> None:
    """Have moto know these policies of AWS's own only, unless the environment's ``EMULATOR_AWS_POLICIES`` says ``all``."""
    if os.environ.get("EMULATOR_AWS_POLICIES") == "all":
        return
    import moto.iam.models  # the images come first

    every = json.loads(moto.iam.models.aws_managed_policies_data)
    moto.iam.models.aws_managed_policies_data = json.dumps({name: every[name] for name in AWS_POLICIES})


def end_with_parent() -> None:
    """However the tests end, a SIGKILL included, the kernel closes their end of our standard input."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=pathlib.Path, required=True)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--enforce", action="store_true")
    arguments = parser.parse_args()
    threading.Thread(target=end_with_parent, daemon=True).start()
    load_images(arguments.images)
    load_policies()
    app = (enforcing if arguments.enforce else permissive)()
    import attachments  # it imports moto, and the images come first

    attachments.install()
    serve(app, arguments.fd)


def permissive() -> WSGIApplication:
    """moto as it is: every key may do everything."""
    from organizations import TaggingAPI
    from weather import Weather  # it imports moto, and the images come first

    issued, calls = Issued(TaggingAPI(moto_application())), Calls()
    weather = Weather(issued)
    detours = Detours(weather)
    holds = Holds(detours)
    admin = Admin(CallLog(holds, account_of, route, calls), calls, weather)
    return WatchAdmin(admin, holds, issued, detours)


def enforcing() -> WSGIApplication:
    """Only what IAM allows. It raises EvaluatorError where the evaluator is not installed."""
    from iam.admin import IamAdmin
    from iam.enforcement import Decisions, Enforcement
    from iam.evaluator import Evaluator
    from mends import Mends
    from organizations import TaggingAPI
    from weather import Weather

    evaluator, decisions = Evaluator(), Decisions()
    evaluator.start()
    issued, calls = Issued(TaggingAPI(Mends(moto_application()))), Calls()
    weather = Weather(issued)
    detours = Detours(weather)
    holds = Holds(detours)
    log = CallLog(Enforcement(holds, evaluator, decisions), account_of, route, calls)
    admin = IamAdmin(Admin(log, calls, weather), evaluator, decisions)
    return WatchAdmin(admin, holds, issued, detours)


if __name__ == "__main__":
    main()
