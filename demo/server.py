# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server process: moto behind the call log. Started by aws.py, and with more layers by the tests."""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import typing as t

from .call_log import CallLog, JsonLines

if t.TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

#: The regions whose Amazon Linux image can be launched. Each image costs 3 ms per account and region that calls EC2.
IMAGE_REGIONS = ("us-east-1", "us-west-2", "eu-central-1")
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
OWN_IMAGES = pathlib.Path(__file__).with_name("amis.json")


def load_images(path: pathlib.Path) -> None:
    """Write the images that moto is to know to ``path``, and name the file to moto. Call it before moto is imported.

    They are those of amis.json and, with the ids that moto gives for the SSM parameter (they change from release to
    release), Amazon Linux. With moto's own 1300 images the first EC2 call of each account would take 4 seconds.
    """
    from moto.utilities.utils import load_resource

    own = json.loads(OWN_IMAGES.read_text())
    images = list(own)
    for region in IMAGE_REGIONS:
        parameters = load_resource(f"ssm/resources/ami-amazon-linux-latest/{region}.json")
        image = next(parameter["Value"] for parameter in parameters if parameter["Name"] == IMAGE_PARAMETER)
        images.append(
            {
                **own[0],
                "ami_id": image,
                "name": f"al2023-ami-{region}",
                "owner_id": "137112412989",
            }
        )
    path.write_text(json.dumps(images))
    os.environ["MOTO_AMIS_PATH"] = str(path)


def account_of(access_key: str) -> str:
    """The account of an access key id; moto takes a key that it did not make as the management account's."""
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.iam.models import iam_backends

    for account_id, partitions in list(iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(partitions.values())):
            return account_id
    return DEFAULT_ACCOUNT_ID


def moto_application() -> WSGIApplication:
    """All of moto as one WSGI application.

    Its own search for the account of a key fills every partition of every account with all AWS-managed policies:
    30 MB and 0.6 s an account. Ours looks only where there is something, and finds the same.
    """
    import moto.iam.models
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        create_backend_app,
    )

    moto.iam.models.get_account_id_from = account_of
    return t.cast("WSGIApplication", DomainDispatcherApplication(create_backend_app))


def route(service: str, environ: WSGIEnvironment) -> tuple[str, dict[str, t.Any]]:
    """Action and URI parameters of a REST request; ``("Put:/path", {})`` where moto knows none."""
    from moto.core.request import Request
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import HTTPException

    try:
        operation, params = get_service_router(service).match(Request(environ))
    except (HTTPException, NotImplementedError):
        return (
            f"{environ['REQUEST_METHOD'].title()}:{environ.get('PATH_INFO', '/')}",
            {},
        )
    return operation.name, dict(params)


def serve(app: WSGIApplication, fd: int) -> None:
    """Answer on the listening socket ``fd`` until the process is ended."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # the call log has the requests
    make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=fd).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m demo.server", description=__doc__)
    parser.add_argument("--state-dir", type=pathlib.Path, required=True)
    parser.add_argument("--fd", type=int, required=True)
    arguments = parser.parse_args()
    load_images(arguments.state_dir / "amis.json")
    log = JsonLines(arguments.state_dir / "calls.jsonl")
    serve(CallLog(moto_application(), account_of, route, log), arguments.fd)


if __name__ == "__main__":
    main()
