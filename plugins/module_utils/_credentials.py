# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to credentials in an account, and the proof that they are in it. PRIVATE to the collection."""

from __future__ import annotations

import contextlib
import hashlib
import os
import typing as t

from . import _botocore
from ._botocore import botocore
from ._errors import SkyError, aws_error
from ._identity import Identity
from ._secrets import learn, of_credentials, of_profiles

if t.TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from ._session import Session

#: Cached credentials are used until this many seconds before they expire.
_EXPIRY_WINDOW = 120
#: Variables that decide which credentials botocore finds, and at which STS a profile assumes its role.
_ORIGIN = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)


class Way:
    """The way from the account options to credentials in the account.

    ``cache`` keeps the assumed credentials and the proof for the tasks that follow.
    """

    def __init__(self, session: Session, params: Mapping[str, t.Any], cache: MutableMapping[str, t.Any]) -> None:
        self._session = session
        self._params = params
        self._cache = cache
        self._account_id: str = params["account_id"]

    def prove(self) -> Identity:
        """Have the session sign with credentials in the account; who we are with them.

        :raises SkyError: no credentials, a refused role, or credentials of another account.
        """
        with self._failures("credentials"):
            learn(of_profiles(self._session.core.full_config))
            source = self._source()
            if source is None:
                raise SkyError(
                    f"no credentials for account {self._account_id}: give profile, or access_key and secret_key, "
                    "or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                )
            # A profile that assumes a role does it here, when its key is asked for.
            key = self._cache_key(source)
            learn(of_credentials(source))
        identity = self._assumed(source, key) if self._params.get("assume_role") else self._as_they_are(source, key)
        if identity.account_id != self._account_id:
            raise SkyError(
                f"wrong account: the credentials are {identity.arn} in account {identity.account_id}, but account_id is "
                f"{self._account_id}; nothing was written. Give assume_role, another profile, or correct account_id"
            )
        return identity

    def _failures(self, api: str, target: str = "") -> contextlib.AbstractContextManager[None]:
        return _botocore.failures(api, target, self._account_id)

    # Where they come from

    def _source(self) -> t.Any:
        """The credentials that the options or botocore's chain give; None if there are none."""
        if self._params.get("access_key"):
            return _botocore.Credentials(
                self._params["access_key"], self._params["secret_key"], self._params.get("session_token")
            )
        if not self._params.get("profile"):
            # botocore looks here first, too; to make the rest of its chain costs more than a call.
            with contextlib.suppress(AttributeError):
                from_environment = botocore.credentials.EnvProvider().load()
                if from_environment is not None:
                    return from_environment
        resolver = self._session.core.get_component("credential_provider")
        # A profile that assumes a role itself would otherwise ask STS again in every task.
        cache = _CacheView(self._cache, self._origin())
        with contextlib.suppress(AttributeError, _botocore.BotoCoreError):
            resolver.get_provider("assume-role").cache = cache
        return resolver.load_credentials()

    # Credentials as they are

    def _as_they_are(self, source: t.Any, key: str) -> Identity:
        self._session.sign_with(source)
        proofs = _CacheView(self._cache, key)
        proof = proofs["caller"] if "caller" in proofs else self._caller()
        proofs["caller"] = proof
        return Identity(proof["Account"], proof["Arn"].split(":")[1], proof["Arn"])

    def _caller(self) -> dict[str, str]:
        with self._failures("sts:GetCallerIdentity"):
            answer = self._session.client("sts").get_caller_identity()
        return {"Account": answer["Account"], "Arn": answer["Arn"]}

    # Credentials of a role

    def _assumed(self, source: t.Any, key: str) -> Identity:
        with self._failures("credentials"):
            arn = self._role_arn()
        fetcher = _botocore.AssumeRoleCredentialFetcher(
            client_creator=self._session.client,
            source_credentials=source,
            role_arn=arn,
            extra_args=self._assume_arguments(),
            cache=_CacheView(self._cache, key),
            expiry_window_seconds=_EXPIRY_WINDOW,
        )
        credentials = _botocore.DeferredRefreshableCredentials(fetcher.fetch_credentials, "sky-assume-role")
        with self._failures("sts:AssumeRole", arn):
            try:
                landed = credentials.get_frozen_credentials().account_id
            except _botocore.ClientError as error:
                raise self._refusal(error, arn, source) from error
        self._session.sign_with(credentials)
        partition = arn.split(":")[1]
        session = f"{arn.rpartition('/')[2]}/{self._params['session_name']}"
        return Identity(landed, partition, f"arn:{partition}:sts::{landed}:assumed-role/{session}")

    def _role_arn(self) -> str:
        role = str(self._params["assume_role"])
        if role.startswith("arn:"):
            return role
        return f"arn:{self._session.partition}:iam::{self._account_id}:role/{role.lstrip('/')}"

    def _assume_arguments(self) -> dict[str, t.Any]:
        arguments = {
            "RoleSessionName": self._params["session_name"],
            "DurationSeconds": self._params["session_duration"],
            "ExternalId": self._params.get("external_id"),
        }
        return {name: value for name, value in arguments.items() if value}

    def _refusal(self, error: Exception, arn: str, source: t.Any) -> SkyError:
        """The refusal, with the caller by name: its trust or its right is what must be mended."""
        self._session.sign_with(source)
        try:
            caller = self._caller()["Arn"]
        except SkyError as unknown:
            return unknown
        failed = aws_error(error, api="sts:AssumeRole", target=arn, account_id=self._account_id, caller=caller)
        return SkyError(
            f"{failed.message} The caller is {caller}; {arn} must exist and trust it (check external_id too)."
        )

    # What is kept under which key

    def _cache_key(self, source: t.Any) -> str:
        """Two hosts with other credentials or another endpoint never share: all that decides is in the key."""
        facts = [self._account_id, source.access_key, self._params.get("endpoint_url"), self._origin()]
        facts += [self._params.get(name) for name in ("assume_role", "session_name", "external_id")]
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _origin(self) -> str:
        """Where the source credentials come from, for what botocore keeps of a profile that assumes a role."""
        core = self._session.core
        profile = core.get_scoped_config()
        services = core.full_config.get("services", {}).get(profile.get("services"))
        facts = [core.profile, profile.get("endpoint_url"), services, *map(os.environ.get, _ORIGIN)]
        return hashlib.sha256(repr(facts).encode()).hexdigest()


class _CacheView(dict):  # type: ignore[type-arg]
    """A view of a cache under a prefix: botocore's own key leaves out who asks and which endpoint answers."""

    def __init__(self, cache: MutableMapping[str, t.Any], prefix: str) -> None:
        super().__init__()
        self._cache = cache
        self._prefix = prefix

    def __contains__(self, key: object) -> bool:
        # A file that cannot be read is one that is not there.
        try:
            self[str(key)]
        except KeyError:
            return False
        return True

    def __getitem__(self, key: str) -> t.Any:
        return self._cache[f"{self._prefix}-{key}"]

    def __setitem__(self, key: str, value: t.Any) -> None:
        self._cache[f"{self._prefix}-{key}"] = value
