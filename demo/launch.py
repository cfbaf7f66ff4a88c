# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a server of ours as a process on a free port of 127.0.0.1, and wait until it answers."""

from __future__ import annotations

import http.client
import os
import pathlib
import socket
import subprocess
import typing as t

REPO = pathlib.Path(__file__).resolve().parent.parent

#: What moto must check and load; it reads these once, when it is imported.
#: https://docs.getmoto.org/en/latest/docs/configuration/environment_variables.html
FLAGS = {
    "MOTO_ENABLE_AMI_VALIDATION": "true",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "true",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}

#: Keys of the management account: AWS's own example. moto checks no secret, and takes a key that it did not make as
#: the management account's. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
MANAGEMENT = {
    "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # gitleaks:allow
}


class LaunchError(Exception):
    """A server that did not come up; the text ends with the tail of its log."""


def environment() -> dict[str, str]:
    """The environment of a server: the flags, and the caller's without what would turn moto or botocore aside.

    MOTO_ACCOUNT_ID would put every call into one account, AWS_PROFILE would make botocore look for it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return {**kept, **FLAGS}


def start(
    command: list[str],
    log: pathlib.Path,
    flags: dict[str, str] | None = None,
    **options: t.Any,
) -> tuple[subprocess.Popen[bytes], str]:
    """Start ``command --fd N`` with the repository as its folder; returns the process and the URL.

    N is a listening socket: the port is known and taken before the process runs, so nobody can come in between.
    ``flags`` go before those of FLAGS, ``options`` to Popen.
    """
    with (
        socket.create_server(("127.0.0.1", 0), backlog=128) as listener,
        log.open("ab") as output,
    ):
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())],
            pass_fds=[listener.fileno()],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=REPO,
            env={**environment(), **(flags or {})},
            **options,
        )
    return process, f"http://127.0.0.1:{port}"


def get(url: str, path: str, timeout: float) -> bytes | None:
    """The answer to a GET; None if there is none within ``timeout`` seconds. No proxy comes in between."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def await_answer(url: str, log: pathlib.Path, timeout: float = 60) -> None:
    """Return when the server at ``url`` answers; raises LaunchError when it died or took ``timeout`` seconds.

    The socket is open before the server runs, so one request waits for it, and fails at once when it dies.
    """
    if get(url, "/moto-api/config", timeout) is None:
        tail = log.read_text(errors="replace").splitlines()[-15:]
        raise LaunchError(
            "\n".join(
                [
                    "the server did not start; the end of its log:",
                    *(f"  {line}" for line in tail),
                ]
            )
        )
