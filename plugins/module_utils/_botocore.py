# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only import of boto3 and botocore, and their failures as one line. PRIVATE to the collection.

Named here is what the collection cannot do without. What of botocore's inner parts only saves time is looked up in
``botocore`` at the place that uses it, and that place does without where this botocore has no such part.
"""

from __future__ import annotations

import contextlib
import typing as t

from ._errors import aws_error

if t.TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import boto3.session
    import botocore.session
    from botocore.config import Config
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        Credentials,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from botocore.utils import JSONFileCache

    IMPORT_ERROR: str | None = None
except ImportError as error:
    IMPORT_ERROR = str(error)
    boto3 = botocore = None
    CredentialProvider = object

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""

    class ResponseParserError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""

    class ClientError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""


try:
    from botocore.loaders import JSONFileLoader, Loader
except ImportError:  # then there is nothing to extend, and botocore loads its models in its own way
    JSONFileLoader = Loader = object

__all__ = [
    "IMPORT_ERROR",
    "AssumeRoleCredentialFetcher",
    "BotoCoreError",
    "ClientError",
    "Config",
    "CredentialProvider",
    "CredentialResolver",
    "Credentials",
    "DeferredRefreshableCredentials",
    "JSONFileCache",
    "JSONFileLoader",
    "Loader",
    "boto3",
    "botocore",
    "failures",
]

#: What a call may raise: AWS refused, the way to AWS failed, what came back was no answer of AWS, or (ValueError) the
#: endpoint is no URL to botocore.
CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError, ValueError)


@contextlib.contextmanager
def failures(api: str, target: str, account_id: str, caller: str = "the caller") -> Iterator[None]:
    """Raise whatever botocore raises as an AWSError of one line; the parameters are those of ``aws_error``."""
    try:
        yield
    except CALL_ERRORS as error:  # pylint: disable=catching-non-exception # it has no botocore to look into
        raise aws_error(error, api=api, target=target, account_id=account_id, caller=caller) from error
