# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reach an account: options, credentials, guard, clients, calls. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import typing as t

from ansible.module_utils.basic import env_fallback

from . import _botocore
from ._errors import MISSING, AWSError, SkyError, aws_error, one_line
from ._patience import silent
from ._version import VERSION

if t.TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

ACCOUNT_ARGUMENTS: dict[str, t.Any] = {
    # raw, not str: a number must be refused, and the type str would turn it into text before anyone sees it.
    "account_id": {"type": "raw", "required": True},
    "assume_role": {"type": "str"},
    "external_id": {"type": "str", "no_log": False, "fallback": (env_fallback, ["SKY_EXTERNAL_ID"])},
    "session_name": {"type": "str", "default": "sky.aws"},
    "session_duration": {"type": "int", "default": 3600},
    "region": {
        "type": "str",
        "aliases": ["aws_region", "ec2_region"],
        "fallback": (env_fallback, ["AWS_REGION", "AWS_DEFAULT_REGION", "EC2_REGION"]),
    },
    "profile": {"type": "str", "aliases": ["aws_profile"]},
    "access_key": {
        "type": "str",
        "aliases": ["aws_access_key_id", "aws_access_key", "ec2_access_key"],
        "no_log": False,
    },
    "secret_key": {
        "type": "str",
        "aliases": ["aws_secret_access_key", "aws_secret_key", "ec2_secret_key"],
        "no_log": True,
    },
    "session_token": {
        "type": "str",
        "aliases": ["aws_session_token", "security_token", "aws_security_token", "access_token"],
        "no_log": True,
    },
    "endpoint_url": {
        "type": "str",
        "aliases": ["aws_endpoint_url", "ec2_url", "s3_url"],
        "fallback": (env_fallback, ["AWS_URL", "EC2_URL", "S3_URL"]),
    },
    "validate_certs": {"type": "bool", "default": True},
    "aws_ca_bundle": {"type": "path", "fallback": (env_fallback, ["AWS_CA_BUNDLE"])},
    "aws_config": {"type": "dict"},
}

#: Many accounts at once meet throttling; botocore paces and repeats, never we.
_CLIENT_DEFAULTS: dict[str, t.Any] = {
    "retries": {"mode": "standard", "max_attempts": 10},
    "connect_timeout": 20,
    "read_timeout": 60,
    "user_agent_extra": f"sky.aws/{VERSION}",
}
#: Cached credentials are used until this many seconds before they expire.
_EXPIRY_WINDOW = 120


@dataclasses.dataclass(frozen=True)
class Identity:
    """Where we are and who we are, as AWS says: 12 digits, ``aws``, and the caller's ARN."""

    account_id: str
    partition: str
    arn: str

    def iam_arn(self, resource: str) -> str:
        """The ARN of an IAM resource of this account: ``policy/name``, ``role/path/name``."""
        return f"arn:{self.partition}:iam::{self.account_id}:{resource}"

    def aws_policy_arn(self, name: str) -> str:
        """The ARN of a policy that AWS manages."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"


class Unreached:
    """An account as it is declared, for what is not in AWS: nothing is proven, and there is nothing to call."""

    def __init__(self, params: Mapping[str, t.Any], cache: MutableMapping[str, t.Any] | None = None) -> None:
        self.account_id: str = params["account_id"]
        self.identity = Identity(self.account_id, partition="", arn="")


class Account:
    """One proven account: every call through it goes to the account that the options name.

    ``cache`` keeps the assumed credentials and the proof for the tasks that follow (a folder of the run, or a dict).
    ``tell`` takes one line about each wait; whoever runs it may set another.

    :raises SkyError: no credentials, a refused role, or credentials of another account.
    """

    def __init__(self, params: Mapping[str, t.Any], cache: MutableMapping[str, t.Any] | None = None) -> None:
        if _botocore.BOTOCORE_IMPORT_ERROR is not None:
            raise SkyError(
                "botocore is needed and cannot be imported; install it for this Python: pip install botocore"
            )
        self.account_id: str = params["account_id"]
        self._params = params
        self._cache = {} if cache is None else cache
        self._clients: dict[tuple[str, str], t.Any] = {}
        self.tell: t.Callable[[str], object] = silent
        self._config = _client_config(params.get("aws_config") or {})
        self._session = self._guarded("credentials", "", lambda: _botocore.session(params.get("profile") or None))
        # botocore's own calls, such as those of a profile that assumes a role, are repeated as ours.
        self._session.set_default_client_config(self._config)
        self.region: str = self._guarded("credentials", "", self._default_region)
        # A profile that assumes a role asks STS in the session's region.
        self._session.set_config_variable("region", self.region)
        self.identity = self._prove()

    # Reaching the account

    def _default_region(self) -> str:
        region = self._params.get("region") or self._session.get_config_variable("region")
        if not region:
            raise SkyError("region: give it, set AWS_REGION, or set region in the profile")
        return str(region)

    def _prove(self) -> Identity:
        source = self._guarded("credentials", "", self._source_credentials)
        if source is None:
            raise SkyError(
                f"no credentials for account {self.account_id}: give profile, or access_key and secret_key, "
                "or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        # A profile that assumes a role does it here, when its key is asked for.
        key = self._guarded("credentials", "", lambda: self._cache_key(source))
        if self._params.get("assume_role"):
            return self._assume(source, key)
        self._use(source)
        proofs = _Prefixed(self._cache, key)
        proof = proofs["caller"] if "caller" in proofs else self._caller()
        proofs["caller"] = proof
        return self._checked(Identity(proof["Account"], proof["Arn"].split(":")[1], proof["Arn"]))

    def _source_credentials(self) -> t.Any:
        if self._params.get("access_key"):
            return _botocore.Credentials(
                self._params["access_key"], self._params["secret_key"], self._params.get("session_token")
            )
        if not self._params.get("profile"):
            # botocore looks here first, too; to make the rest of its chain costs more than a call.
            from_environment = _botocore.EnvProvider().load()
            if from_environment is not None:
                return from_environment
        resolver = self._session.get_component("credential_provider")
        # A profile that assumes a role itself would otherwise ask STS again in every task.
        resolver.get_provider("assume-role").cache = _Prefixed(self._cache, self._origin())
        return resolver.load_credentials()

    def _use(self, credentials: t.Any) -> None:
        """Sign every later call with these credentials."""
        resolver = _botocore.CredentialResolver([_Given(credentials)])
        self._session.register_component("credential_provider", resolver)

    def _assume(self, source: t.Any, key: str) -> Identity:
        arn = self._guarded("credentials", "", self._role_arn)
        fetcher = _botocore.AssumeRoleCredentialFetcher(
            client_creator=self._create_client,
            source_credentials=source,
            role_arn=arn,
            extra_args=self._assume_arguments(),
            cache=_Prefixed(self._cache, key),
            expiry_window_seconds=_EXPIRY_WINDOW,
        )
        credentials = _botocore.DeferredRefreshableCredentials(fetcher.fetch_credentials, "sky-assume-role")
        try:
            landed = credentials.get_frozen_credentials().account_id
        except _botocore.CALL_ERRORS as error:
            raise self._assume_error(error, arn, source) from error
        self._use(credentials)
        partition = arn.split(":")[1]
        session = f"{arn.rpartition('/')[2]}/{self._params['session_name']}"
        return self._checked(Identity(landed, partition, f"arn:{partition}:sts::{landed}:assumed-role/{session}"))

    def _role_arn(self) -> str:
        role = str(self._params["assume_role"])
        if role.startswith("arn:"):
            return role
        partition = self._session.get_partition_for_region(self.region)
        return f"arn:{partition}:iam::{self.account_id}:role/{role.lstrip('/')}"

    def _assume_arguments(self) -> dict[str, t.Any]:
        arguments = {
            "RoleSessionName": self._params["session_name"],
            "DurationSeconds": self._params["session_duration"],
            "ExternalId": self._params.get("external_id"),
        }
        return {name: value for name, value in arguments.items() if value}

    def _assume_error(self, error: Exception, arn: str, source: t.Any) -> SkyError:
        """The refusal, with the caller by name: its trust or its right is what must be mended."""
        if not isinstance(error, _botocore.ClientError):
            return aws_error(error, api="sts:AssumeRole", target=arn, account_id=self.account_id, caller=self._who())
        self._use(source)
        try:
            caller = self._caller()["Arn"]
        except SkyError as unknown:
            return unknown
        failed = aws_error(error, api="sts:AssumeRole", target=arn, account_id=self.account_id, caller=caller)
        return SkyError(
            f"{failed.message} The caller is {caller}; {arn} must exist and trust it (check external_id too)."
        )

    def _caller(self) -> dict[str, str]:
        answer = self.call("sts:GetCallerIdentity")
        return {"Account": answer["Account"], "Arn": answer["Arn"]}

    def _checked(self, identity: Identity) -> Identity:
        if identity.account_id == self.account_id:
            return identity
        raise SkyError(
            f"wrong account: the credentials are {identity.arn} in account {identity.account_id}, but account_id is "
            f"{self.account_id}; nothing was written. Give assume_role, another profile, or correct account_id"
        )

    def _cache_key(self, source: t.Any) -> str:
        """Two hosts with other credentials or another endpoint never share: all that decides is in the key."""
        facts = [self.account_id, source.access_key, self._params.get("endpoint_url"), self._origin()]
        facts += [self._params.get(name) for name in ("assume_role", "session_name", "external_id")]
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _origin(self) -> str:
        """Where the source credentials come from, for what botocore keeps of a profile that assumes a role."""
        names = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ACCESS_KEY_ID")
        facts = [self._session.profile, self._configured_endpoint(), *map(os.environ.get, names)]
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def _configured_endpoint(self) -> str | None:
        """The endpoint of STS from the environment or the profile, as botocore finds it."""
        provider = _botocore.ConfiguredEndpointProvider(
            full_config=self._session.full_config,
            scoped_config=self._session.get_scoped_config(),
            client_name="sts",
        )
        endpoint: str | None = provider.provide()
        return endpoint

    # Calls

    def client(self, service: str, region: str | None = None) -> t.Any:
        """The client of a service, made once. Making clients is not thread-safe: make them before threads start."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self._create_client(service, region_name=key[1])
        return self._clients[key]

    def _create_client(self, service: str, **arguments: t.Any) -> t.Any:
        arguments.setdefault("region_name", self.region)
        verify = self._params.get("aws_ca_bundle") or self._params["validate_certs"]
        client = self._session.create_client(
            service,
            endpoint_url=self._params.get("endpoint_url"),
            verify=None if verify is True else verify,
            config=self._config,
            **arguments,
        )
        _botocore.watch_attempts(client)
        return client

    def call(self, api: str, target: str = "", *, region: str | None = None, **arguments: t.Any) -> dict[str, t.Any]:
        """One call: ``call("iam:GetPolicy", arn, PolicyArn=arn)``.

        :param target: name or ARN of the resource, for error messages.
        :raises AWSError: whatever AWS or the way to it refused.
        """
        client = self._guarded(api, target, lambda: self.client(api.partition(":")[0], region))
        return self._invoke(client, api, target, arguments)

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
        service, operation = api.split(":")
        paginator = self.client(service, region).get_paginator(_botocore.botocore.xform_name(operation))
        answer = self._guarded(api, target, lambda: paginator.paginate(**arguments).build_full_result())
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
        client = self.client(api.partition(":")[0], region)
        limit = delay * (attempts - 1)
        self.tell(f"account {self.account_id}: waiting for {waiter} of {target}, {limit} s at most")
        bounds = {"Delay": delay, "MaxAttempts": attempts}
        self._guarded(api, target, lambda: client.get_waiter(waiter).wait(WaiterConfig=bounds, **arguments))

    def _invoke(self, client: t.Any, api: str, target: str, arguments: Mapping[str, t.Any]) -> dict[str, t.Any]:
        method = getattr(client, _botocore.botocore.xform_name(api.partition(":")[2]))
        answer: dict[str, t.Any] = self._guarded(api, target, lambda: method(**arguments))
        return answer

    def _guarded(self, api: str, target: str, do: t.Callable[[], t.Any]) -> t.Any:
        """Run it; whatever botocore raises becomes one line (ValueError: an endpoint that is no URL)."""
        try:
            return do()
        except _botocore.CALL_ERRORS as error:
            raise aws_error(error, api=api, target=target, account_id=self.account_id, caller=self._who()) from error

    def _who(self) -> str:
        identity = getattr(self, "identity", None)
        return identity.arn if identity else "the caller"


def _client_config(overrides: Mapping[str, t.Any]) -> t.Any:
    """botocore's client configuration: ours, with the user's ``aws_config`` over it.

    Of ``retries`` what is not given stays ours: the number alone would put botocore back into its legacy mode. It is a
    new dictionary each time, since botocore changes it.
    """
    retries = overrides.get("retries", {})
    given = {"retries": {**_CLIENT_DEFAULTS["retries"], **retries}} if isinstance(retries, dict) else {}
    try:
        return _botocore.Config(**{**_CLIENT_DEFAULTS, **overrides, **given})
    except (AttributeError, TypeError, _botocore.BotoCoreError) as error:
        raise SkyError(f"aws_config: {one_line(str(error))}; give the options of botocore.config.Config") from error


class _Given(_botocore.CredentialProvider):
    """Hands botocore the credentials that were chosen."""

    METHOD = "sky-given"

    def __init__(self, credentials: t.Any) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> t.Any:
        return self._credentials


class _Prefixed(dict):  # type: ignore[type-arg]
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
