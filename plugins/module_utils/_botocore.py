# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that imports botocore, and the models it shares. PRIVATE to the collection.

The loader is shared by all sessions of a process. Parsing the service models is most of what a first client costs, so
the action plugins preload them where Ansible imports plugins: once, before it forks its workers.
"""

from __future__ import annotations

import copy
import functools
import gc
import gzip
import json
import pathlib
import ssl
import traceback
import typing as t

from ._errors import NO_CAPACITY, REPEATS_LOST
from ._models import OPERATIONS

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

try:
    import botocore
    from botocore.config import Config
    from botocore.configprovider import ConfiguredEndpointProvider
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        Credentials,
        DeferredRefreshableCredentials,
        EnvProvider,
    )
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.handlers import BUILTIN_HANDLERS, REGISTER_FIRST, REGISTER_LAST
    from botocore.hooks import EventAliaser, HierarchicalEmitter
    from botocore.loaders import JSONFileLoader, Loader
    from botocore.model import ServiceModel
    from botocore.paginate import Paginator
    from botocore.parsers import ResponseParserError, create_parser
    from botocore.session import Session
    from botocore.utils import (
        JSONFileCache,
        get_environ_proxies,
        get_service_module_name,
        is_valid_endpoint_url,
        validate_region_name,
    )

    BOTOCORE_IMPORT_ERROR: str | None = None
except ImportError:
    BOTOCORE_IMPORT_ERROR = traceback.format_exc()
    CredentialProvider = object
    JSONFileLoader = object
    Loader = object

    class BotoCoreError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""

    class ResponseParserError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""

    class ClientError(Exception):  # type: ignore[no-redef]
        """Stands in for botocore's class, so that ``except`` clauses can be read without botocore."""


#: What a call may raise: AWS refused, the way to AWS failed, what came back was no answer of AWS, or (ValueError) the
#: endpoint is no URL to botocore.
CALL_ERRORS = (ClientError, BotoCoreError, ResponseParserError, ValueError)

__all__ = [
    "BOTOCORE_IMPORT_ERROR",
    "CALL_ERRORS",
    "AssumeRoleCredentialFetcher",
    "BotoCoreError",
    "ClientError",
    "Config",
    "ConfiguredEndpointProvider",
    "CredentialProvider",
    "CredentialResolver",
    "Credentials",
    "DeferredRefreshableCredentials",
    "EnvProvider",
    "JSONFileCache",
    "ResponseParserError",
    "botocore",
    "loader",
    "partitions",
    "preload",
    "session",
    "watch_attempts",
]

#: The models of the services whose clients every onboarding needs.
_MODELS = {
    "sts": ("service-2", "endpoint-rule-set-1"),
    "iam": ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"),
    "ec2": ("service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"),
}
#: The services that are called, by the collection and by botocore for credentials, as they are named in events.
_SERVICES = frozenset({"ec2", "iam", "organizations", "secrets-manager", "signin", "ssm", "sso", "sso-oidc", "sts"})
_DATA = ("endpoints", "partitions", "sdk-default-configuration", "_retry")


class _Files(JSONFileLoader):
    """botocore's reader of models, in half the time and memory: without documentation, and in plain dictionaries."""

    def load_file(self, file_path: str) -> dict[str, t.Any] | None:
        """The content of ``file_path``, which has no suffix yet; None if there is no such file."""
        for suffix, opened in ((".json", open), (".json.gz", gzip.open)):
            path = pathlib.Path(file_path + suffix)
            if path.is_file():
                with opened(path, "rb") as file:
                    return t.cast("dict[str, t.Any]", json.load(file, object_hook=_undocumented))
        return None


def _undocumented(node: dict[str, t.Any]) -> dict[str, t.Any]:
    # A member of a shape could have this name; it is no text.
    if isinstance(node.get("documentation"), str):
        del node["documentation"]
    return node


class _Names(Loader):
    """botocore's loader, which knows the services by the names of their folders.

    botocore looks into each of 400 folders for each type of model, before it loads the first.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        folders = filter(pathlib.Path.is_dir, map(pathlib.Path, self.search_paths))
        return sorted({service.name for folder in folders for service in folder.iterdir()})


class _Models(_Names):
    """The same, with what the collection calls of EC2 and IAM."""

    def __init__(self) -> None:
        super().__init__(file_loader=_Files())

    def load_service_model(self, service_name: str, type_name: str, api_version: str | None = None) -> dict[str, t.Any]:
        # botocore remembers a model by how it was asked for: by no version, by one, or by a keyword. Here all are one.
        version = api_version or self.determine_latest_version(service_name, type_name)
        if type_name == "service-2" and service_name in OPERATIONS:
            return _called(service_name, version)
        return t.cast("dict[str, t.Any]", super().load_service_model(service_name, type_name, version))


@functools.cache
def _called(service: str, api_version: str) -> dict[str, t.Any]:
    """A service's model with what the collection calls.

    Loaded by a loader of its own, since a loader keeps all that it has loaded, and written out and read again, so that no
    part of it holds on to the memory of the rest: every fork copies the tables of the memory in use.
    """
    model = _Names(file_loader=_Files()).load_service_model(service, "service-2", api_version)
    return t.cast("dict[str, t.Any]", json.loads(json.dumps(_only(model, OPERATIONS[service]))))


def _only(model: Mapping[str, t.Any], names: Collection[str]) -> dict[str, t.Any]:
    """A service's model with these operations, and the shapes that they are made of."""
    operations = {name: model["operations"][name] for name in names}
    shapes: dict[str, t.Any] = {}
    left: list[t.Any] = [*operations.values()]
    while left:
        node = left.pop()
        if isinstance(node, list):
            left += node
        elif isinstance(node, dict):
            left += node.values()
            name = node.get("shape")
            if isinstance(name, str) and name not in shapes:
                shapes[name] = model["shapes"][name]
                left.append(shapes[name])
    return {**model, "operations": operations, "shapes": shapes}


@functools.cache
def loader() -> Loader:
    """The loader of service models that all sessions of this process share."""
    return _Models()


@functools.cache
def _emitter(handlers: tuple[tuple[t.Any, ...], ...]) -> HierarchicalEmitter:
    """botocore's own event handlers, registered as a Session does it; that is most of what making a Session costs.

    Without those for documentation and for services that are never called: most of them, and every session and client copies
    them.

    :param handlers: BUILTIN_HANDLERS as it is now. A library that hooks into botocore adds its own to the list.
    """
    emitter = HierarchicalEmitter()
    events = EventAliaser(emitter)
    places = {REGISTER_FIRST: events.register_first, REGISTER_LAST: events.register_last}
    for event, handler, *place in handlers:
        kind, _dot, rest = event.partition(".")
        service = rest.partition(".")[0]
        if kind == "docs" or (service and service not in _SERVICES):
            continue
        register = places[place[0]] if place else events.register
        register(event, handler)
    return emitter


#: A session made before the fork, for the first that each worker asks for.
_spare: list[Session] = []


def session(profile: str | None) -> Session:
    """A session of its own, with copies of what all sessions share."""
    return _spare.pop() if _spare and profile is None else _session(profile)


def _session(profile: str | None) -> Session:
    hooks = copy.copy(_emitter(tuple(BUILTIN_HANDLERS)))
    made = Session(profile=profile, event_hooks=hooks, include_builtin_handlers=False)
    made.register_component("data_loader", loader())
    # Bare: a Session wraps it to look up each event among the former names of services, anew for each client. botocore's own
    # events have the names of today.
    made.register_component("event_emitter", hooks)
    return made


def watch_attempts(client: t.Any) -> None:
    """Have the client say of an answer whether an attempt before it was lost, and ask once only for what EC2 has not."""
    # botocore's own judge is registered for the same event, and ours comes first.
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(f"needs-retry.{service}", _judge_attempt)


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


def preload() -> None:
    """Load what every onboarding needs; starts no thread and makes no call."""
    if BOTOCORE_IMPORT_ERROR is not None:
        return
    collects = gc.isenabled()
    # There is no garbage in a model, but much to look through.
    gc.disable()
    try:
        _load()
    finally:
        if collects:
            gc.enable()
    # The models are for good: a worker's garbage collector need not look at them, nor copy their memory for it.
    gc.freeze()


def _load() -> None:
    _emitter(tuple(BUILTIN_HANDLERS))
    for name in _DATA:
        loader().load_data(name)
    for service, models in _MODELS.items():
        for model in models:
            loader().load_service_model(service, model)
    _use_once()
    _spare[:] = [_session(None)]


def _use_once() -> None:
    """What botocore, Python and OpenSSL do at first use and keep: each is up to a millisecond of every worker else."""
    for service in _MODELS:
        model = ServiceModel(loader().load_service_model(service, "service-2"))
        get_service_module_name(model)
        create_parser(model.protocol)
        for operation in model.operation_names:
            botocore.xform_name(operation)
    for service, operations in OPERATIONS.items():
        paginated = loader().load_service_model(service, "paginators-1")["pagination"]
        for operation in operations & paginated.keys():
            Paginator(None, paginated[operation], None)
    validate_region_name("us-east-1")
    is_valid_endpoint_url("https://iam.amazonaws.com")
    get_environ_proxies("https://iam.amazonaws.com")
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@functools.cache
def partitions() -> dict[str, frozenset[str]]:
    """The regions that this botocore knows, by partition: ``{"aws": {"us-east-1", ...}, "aws-cn": ...}``."""
    if BOTOCORE_IMPORT_ERROR is not None:
        return {}
    data: dict[str, t.Any] = loader().load_data("endpoints")
    return {
        partition["partition"]: frozenset(region for region in partition["regions"] if not region.endswith("-global"))
        for partition in data["partitions"]
    }
