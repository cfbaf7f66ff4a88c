# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance metadata service (IMDSv2) with the credentials of one role, for what SkyPilot does on an instance."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
import typing as t

CREDENTIALS = "/latest/meta-data/iam/security-credentials/"


@contextlib.contextmanager
def metadata_service(role: str, credentials: dict[str, str]) -> t.Iterator[str]:
    """Serve ``credentials`` (create_client's keyword arguments) as those of ``role``; yields the URL.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
    """
    keys = {
        "Code": "Success",
        "AccessKeyId": credentials["aws_access_key_id"],
        "SecretAccessKey": credentials["aws_secret_access_key"],
        "Token": credentials["aws_session_token"],
        "Expiration": "2099-01-01T00:00:00Z",
    }
    answers = {CREDENTIALS: role, f"{CREDENTIALS}{role}": json.dumps(keys)}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.answer("token" if self.path == "/latest/api/token" else None)

        def do_GET(self) -> None:
            self.answer(answers.get(self.path))

        def answer(self, text: str | None) -> None:
            body = (text or "").encode()
            self.send_response(404 if text is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: t.Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
