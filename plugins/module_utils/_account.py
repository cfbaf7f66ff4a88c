# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proven account: its clients, and calls whose errors are one line. PRIVATE to the collection."""

from __future__ import annotations

import typing as t

from . import _botocore
from ._botocore import botocore
from ._credentials import Way
from ._errors import MISSING, AWSError, SkyError
from ._patience import silent
from ._session import Session

if t.TYPE_CHECKING:
    import contextlib
    from collections.abc import Mapping, MutableMapping


class Account:
    """One proven account: every call through it goes to the account that the options name.

    ``cache`` keeps the assumed credentials and the proof for the tasks that follow (a folder of the run, or a dict).
    ``tell`` takes one line about each wait; whoever runs it may set another.

    :raises SkyError: no credentials, a refused role, or credentials of another account.
    """

    def __init__(self, params: Mapping[str, t.Any], cache: MutableMapping[str, t.Any] | None = None) -> None:
        if _botocore.IMPORT_ERROR is not None:
            raise SkyError(
                f"boto3 and botocore are needed and cannot be imported ({_botocore.IMPORT_ERROR}); "
                "install them for this Python: pip install boto3"
            )
        self.account_id: str = params["account_id"]
        self.tell: t.Callable[[str], object] = silent
        self._clients: dict[tuple[str, str], t.Any] = {}
        with _botocore.failures("credentials", "", self.account_id):
            self._session = Session(params)
        self.region = self._session.region
        self.identity = Way(self._session, params, {} if cache is None else cache).prove()

    def client(self, service: str, region: str | None = None) -> t.Any:
        """The client of a service, made once. Making clients is not thread-safe: make them before threads start."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self._session.client(service, region_name=key[1])
        return self._clients[key]

    def call(self, api: str, target: str = "", *, region: str | None = None, **arguments: t.Any) -> dict[str, t.Any]:
        """One call: ``call("iam:GetPolicy", arn, PolicyArn=arn)``.

        :param target: name or ARN of the resource, for error messages.
        :raises AWSError: whatever AWS or the way to it refused.
        """
        with self._failures(api, target):
            client = self._client_of(api, region)
            answer: dict[str, t.Any] = getattr(client, _method(api))(**arguments)
        return answer

    def find(
        self, api: str, target: str = "", *, region: str | None = None, **arguments: t.Any
    ) -> dict[str, t.Any] | None:
        """The same, with None for a resource that does not exist."""
        try:
            return self.call(api, target, region=region, **arguments)
        except AWSError as error:
            if error.code in MISSING:
                return None
            raise

    def pages(
        self, api: str, key: str, target: str = "", *, region: str | None = None, **arguments: t.Any
    ) -> list[t.Any]:
        """All pages of a call as one list, the answers' ``key``: ``pages("iam:ListUserPolicies", "PolicyNames", ...)``."""
        with self._failures(api, target):
            paginator = self._client_of(api, region).get_paginator(_method(api))
            answer = paginator.paginate(**arguments).build_full_result()
        return list(answer.get(key, ()))

    def wait(
        self,
        api: str,
        waiter: str,
        target: str,
        *,
        delay: int,
        attempts: int,
        region: str | None = None,
        **arguments: t.Any,
    ) -> None:
        """Wait with one of botocore's waiters: ``wait("iam:GetPolicy", "policy_exists", arn, ..., PolicyArn=arn)``.

        :param delay: seconds between two calls.
        :param attempts: how many calls at most.
        :raises AWSError: it did not come about in time.
        """
        limit = delay * (attempts - 1)
        self.tell(f"account {self.account_id}: waiting for {waiter} of {target}, {limit} s at most")
        bounds = {"Delay": delay, "MaxAttempts": attempts}
        with self._failures(api, target):
            self._client_of(api, region).get_waiter(waiter).wait(WaiterConfig=bounds, **arguments)

    def _failures(self, api: str, target: str) -> contextlib.AbstractContextManager[None]:
        return _botocore.failures(api, target, self.account_id, self.identity.arn)

    def _client_of(self, api: str, region: str | None) -> t.Any:
        """The client for a call. What the trimmed model of a service lacks, botocore's own may have.

        :raises SkyError: this botocore does not know the call.
        """
        service, operation = api.split(":")
        client = self.client(service, region)
        if operation in client.meta.service_model.operation_names:
            return client
        key = (service, region or self.region)
        self._clients[key] = self._session.whole_client(service, region_name=key[1])
        if operation in self._clients[key].meta.service_model.operation_names:
            return self._clients[key]
        raise SkyError(f"{api}: the installed botocore does not know this call; update it: pip install --upgrade boto3")


def _method(api: str) -> str:
    """The name of the client's method: ``get_user`` for ``iam:GetUser``."""
    return str(botocore.xform_name(api.partition(":")[2]))
