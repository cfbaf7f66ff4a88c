# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""boto3's sessions and clients, and what all of a process share. PRIVATE to the collection.

Event handlers and models are most of what a session and its first client cost, so the action plugins load them where
Ansible imports plugins: once, before it forks its workers. Sharing only saves time: where botocore is not as expected
here, a session is made in the ordinary way.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import gc
import ssl
import typing as t

from . import _botocore, _models
from ._botocore import boto3, botocore
from ._errors import NO_CAPACITY, REPEATS_LOST, SkyError, one_line
from ._secrets import learn, of_credentials
from ._version import VERSION

if t.TYPE_CHECKING:
    from collections.abc import Mapping

#: Many accounts at once meet throttling; botocore paces and repeats, never we.
_CLIENT_DEFAULTS: dict[str, t.Any] = {
    "retries": {"mode": "standard", "max_attempts": 10},
    "connect_timeout": 20,
    "read_timeout": 60,
    "user_agent_extra": f"sky.aws/{VERSION}",
}
#: Services that botocore has event handlers for and that nobody calls, neither the collection nor botocore for credentials,
#: as botocore names them in its list of handlers. Every session and every client would copy them.
_UNCALLED = frozenset(
    {
        "apigateway",
        "autoscaling",
        "bedrock-runtime",
        "cloudformation",
        "cloudsearchdomain",
        "cloudwatch",
        "cognito-identity",
        "connecthealth",
        "docdb",
        "dsql",
        "glacier",
        "iot-data",
        "lex-runtime-v2",
        "logs",
        "machinelearning",
        "mturk",
        "neptune",
        "polly",
        "qbusiness",
        "rds",
        "route53",
        "s3",
        "s3-control",
        "socialmessaging",
        "sqs",
    }
)


class _Pair(t.NamedTuple):
    """boto3's session, and botocore's beneath it for what boto3 has nothing: the chain of credentials, settings."""

    boto: t.Any
    core: t.Any


class Session:
    """A session as the account options want it, and its clients.

    :raises SkyError: no region, or an ``aws_config`` that botocore refuses.
    :raises botocore.exceptions.BotoCoreError: a profile that does not exist, configuration that cannot be read.
    """

    def __init__(self, params: Mapping[str, t.Any]) -> None:
        self._params = params
        self._config = _client_config(params.get("aws_config") or {})
        self._profile: str | None = params.get("profile") or None
        self._pair = _opened(self._profile)
        self.core = self._pair.core
        region = params.get("region") or self.core.get_config_variable("region")
        if not region:
            raise SkyError("region: give it, set AWS_REGION, or set region in the profile")
        self.region = str(region)
        # botocore's own calls, such as those of a profile that assumes a role, are made as ours, and in our region.
        self.core.set_default_client_config(self._config)
        self.core.set_config_variable("region", self.region)

    @property
    def partition(self) -> str:
        """The partition of the session's region: ``aws``, ``aws-cn``, ..."""
        return str(self._pair.boto.get_partition_for_region(self.region))

    def sign_with(self, credentials: t.Any) -> None:
        """Sign the calls of every client that is made from now on with these credentials."""
        learn(of_credentials(credentials))
        resolver = _botocore.CredentialResolver([_Chosen(credentials)])
        self.core.register_component("credential_provider", resolver)

    def client(self, service: str, **arguments: t.Any) -> t.Any:
        """A client of a service, with what the collection calls of EC2 and IAM. ``arguments`` are those of boto3's."""
        try:
            made = self._client(self._pair.boto, service, arguments)
        except _botocore.CALL_ERRORS:
            raise
        except Exception:  # noqa: BLE001 - botocore asks more of what is shared than it has
            return self.whole_client(service, **arguments)
        return self.whole_client(service, **arguments) if _UNCALLED & {service, _event_name(made)} else made

    def whole_client(self, service: str, **arguments: t.Any) -> t.Any:
        """The same with all operations that botocore knows, made in the ordinary way."""
        pair = _ordinary(self._profile)
        pair.core.register_component("credential_provider", self.core.get_component("credential_provider"))
        return self._client(pair.boto, service, arguments)

    def _client(self, boto: t.Any, service: str, arguments: Mapping[str, t.Any]) -> t.Any:
        verify = self._params.get("aws_ca_bundle") or self._params["validate_certs"]
        made = boto.client(
            service,
            endpoint_url=self._params.get("endpoint_url"),
            verify=None if verify is True else verify,
            config=self._config,
            **{"region_name": self.region, **arguments},
        )
        _watch_attempts(made)
        return made


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


class _Chosen(_botocore.CredentialProvider):
    """Hands botocore the credentials that were chosen."""

    METHOD = "sky-chosen"

    def __init__(self, credentials: t.Any) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> t.Any:
        return self._credentials


# Sessions

#: A session made before the fork, for the first that each worker asks for.
_spare: list[_Pair] = []


def _opened(profile: str | None) -> _Pair:
    try:
        pair = _spare.pop() if _spare and profile is None else _sharing(profile)
        models = _models.loader(pair.core.get_config_variable("data_path"))
        pair.core.register_component("data_loader", models)
    except Exception:  # noqa: BLE001 - botocore's own way tells a fault of the configuration from one of ours
        return _ordinary(profile)
    return pair


def _ordinary(profile: str | None) -> _Pair:
    """A session as anybody makes it."""
    core = botocore.session.Session(profile=profile)
    return _Pair(boto3.session.Session(botocore_session=core), core)


def _sharing(profile: str | None) -> _Pair:
    """A session with copies of the event handlers, which awaits its loader of models. It reads no configuration.

    :raises Exception: botocore is not as expected.
    """
    events = copy.copy(_events(tuple(botocore.handlers.BUILTIN_HANDLERS)))
    core = botocore.session.Session(profile=profile, event_hooks=events, include_builtin_handlers=False)
    # Bare: a Session wraps it to look up each event among the former names of services, anew for each client. botocore's own
    # events have the names of today.
    core.register_component("event_emitter", events)
    # boto3 adds a folder of its own to the loader that it finds, which must not be the one that all share.
    core.register_component("data_loader", botocore.loaders.create_loader())
    return _Pair(boto3.session.Session(botocore_session=core), core)


@functools.cache
def _events(handlers: tuple[tuple[t.Any, ...], ...]) -> t.Any:
    """botocore's own event handlers, registered as a Session does it; that is most of what making a Session costs.

    Without those for documentation and for services that are never called: most of them.

    :param handlers: BUILTIN_HANDLERS as it is now. A library that hooks into botocore adds its own to the list.
    """
    emitter = botocore.hooks.HierarchicalEmitter()
    events = botocore.hooks.EventAliaser(emitter)
    register = {
        (): events.register,
        (botocore.handlers.REGISTER_FIRST,): events.register_first,
        (botocore.handlers.REGISTER_LAST,): events.register_last,
    }
    for event, handler, *place in handlers:
        if _is_needed(event):
            register[tuple(place)](event, handler)
    return emitter


def _is_needed(event: str) -> bool:
    kind, _dot, rest = event.partition(".")
    return kind != "docs" and rest.partition(".")[0] not in _UNCALLED


# Attempts


def _watch_attempts(client: t.Any) -> None:
    """Have answers say whether an attempt before them was lost, and never repeat a call for lack of capacity."""
    # botocore's own judge is registered for the same event, and ours comes first.
    client.meta.events.register_first(f"needs-retry.{_event_name(client)}", _judge_attempt)


def _event_name(client: t.Any) -> str:
    """A client's service as it is named in events."""
    return str(client.meta.service_model.service_id.hyphenize())


def _judge_attempt(request_dict: dict[str, t.Any], response: t.Any, **_: t.Any) -> None:
    """After each attempt, before botocore decides on the next.

    EC2 calls a lack of capacity a server error; botocore would repeat the call for long before another subnet is tried.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-codes-table-server
    """
    context = request_dict["context"]
    if response is None:
        context[REPEATS_LOST] = True
        return
    http, answer = response
    if answer.get("Error", {}).get("Code") in NO_CAPACITY:
        http.status_code = 400
    elif http.status_code >= 500:
        context[REPEATS_LOST] = True
    elif REPEATS_LOST in context:
        answer.setdefault("ResponseMetadata", {})[REPEATS_LOST] = True


# Before the fork


def preload() -> None:
    """Load what every onboarding needs; starts no thread, reads no configuration and makes no call."""
    if _botocore.IMPORT_ERROR is not None:
        return
    collects = gc.isenabled()
    # There is no garbage in a model, but much to look through.
    gc.disable()
    try:
        for load in (_models.preload, _use_names, _use_pages, _use_addresses, _use_tls, _keep_spare):
            with contextlib.suppress(Exception):
                load()
    finally:
        if collects:
            gc.enable()
    # The models are for good: a worker's garbage collector need not look at them, nor copy their memory for it.
    with contextlib.suppress(AttributeError):  # CPython's alone
        gc.freeze()


# What botocore, Python and OpenSSL do at first use and keep; otherwise each costs every worker up to a millisecond.


def _use_names() -> None:
    for service in _models.PRELOADED:
        model = botocore.model.ServiceModel(_models.configured().load_service_model(service, "service-2"))
        for operation in model.operation_names:
            botocore.xform_name(operation)
        botocore.parsers.create_parser(model.protocol)
        botocore.utils.get_service_module_name(model)


def _use_pages() -> None:
    for service, operations in _models.OPERATIONS.items():
        paginated = _models.configured().load_service_model(service, "paginators-1")["pagination"]
        for operation in operations & paginated.keys():
            botocore.paginate.Paginator(None, paginated[operation], None)


def _use_addresses() -> None:
    botocore.utils.validate_region_name("us-east-1")
    botocore.utils.is_valid_endpoint_url("https://iam.amazonaws.com")
    botocore.utils.get_environ_proxies("https://iam.amazonaws.com")


def _use_tls() -> None:
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _keep_spare() -> None:
    _spare[:] = [_sharing(None)]
