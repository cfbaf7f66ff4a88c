# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Organizations made at once in the emulated AWS, and the tags of their accounts as the tagging API shows them."""

from __future__ import annotations

import datetime
import json
import random
import typing as t

from moto.organizations.models import FakeAccount, FakeOrganizationalUnit, organizations_backends

from demo.call_log import CALL, Call

if t.TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

HOME = "us-east-1"


class Account(t.TypedDict, total=False):
    """``name`` and ``unit`` (a path below the root, empty for the root itself) are needed.

    ``joined`` is ISO 8601 with a zone. ``state`` and ``status`` are what AWS calls so, the second like the first if not
    given; None leaves one out of answers.
    """

    id: str
    name: str
    unit: str
    joined: str
    state: str | None
    status: str | None
    tags: dict[str, str]


def build(
    account: str, accounts: list[Account], units: Iterable[str] = (), delegate: str | None = None
) -> dict[str, t.Any]:
    """Make an organization of which ``account``, which is in none, is the management account.

    :param units: paths of units, those above first; the units of ``accounts`` need not be among them.
    :param delegate: an account that gets the answers of the management account.
    :returns: ``root``: its id; ``units``: ids by path; ``accounts``: ids by name.
    """
    backend = organizations_backends[account]["aws"]
    backend.create_organization("aws", FeatureSet="ALL")
    ids = {"": backend.org.root_id}
    for path in (*units, *(each["unit"] for each in accounts)):
        _make_units(backend, ids, path)
    made = [_make_account(backend.org, ids[each["unit"]], each) for each in accounts]
    backend.accounts += made
    if delegate:
        organizations_backends[delegate]["aws"] = backend
    return {"root": ids.pop(""), "units": ids, "accounts": {each.name: each.id for each in made}}


def _make_units(backend: t.Any, ids: dict[str, str], path: str) -> None:
    """The unit and those above it, as far as they are not there."""
    if path in ids:
        return
    above, _, name = path.rpartition("/")
    _make_units(backend, ids, above)
    unit = FakeOrganizationalUnit(backend.org, Name=name, ParentId=ids[above])
    backend.ou.append(unit)
    ids[path] = unit.id


def _make_account(organization: t.Any, parent: str, wanted: Account) -> t.Any:
    """Without what FakeAccount makes in IAM, which takes 0.1 s: an emulated account exists when it is called."""
    made = FakeAccount.__new__(FakeAccount)
    joined = datetime.datetime.fromisoformat(wanted.get("joined", "2026-01-02T03:04:05+00:00")).astimezone(datetime.UTC)
    made.__dict__ |= {
        "type": "ACCOUNT",
        "region": organization.region,
        "organization_id": organization.id,
        "master_account_id": organization.master_account_id,
        "id": wanted.get("id") or f"{random.SystemRandom().randrange(10**12):012d}",
        "name": wanted["name"],
        "email": "owner@example.com",
        "create_time": joined.replace(tzinfo=None),  # as moto has it
        "status": wanted.get("status", wanted.get("state", "ACTIVE")),
        "state": wanted.get("state", "ACTIVE"),
        "joined_method": "CREATED",
        "parent_id": parent,
        "attached_policies": [],
        "tags": wanted.get("tags", {}),
    }
    return made


class TaggingAPI:
    """WSGI middleware around moto, whose tagging API knows no accounts: they are the management account's, in one region."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call: Call | None = environ.get(CALL)
        if call is None or call.api != "tagging:GetResources":
            return self._app(environ, start_response)
        if call.params.get("ResourceTypeFilters") != ["organizations:account"]:
            return self._app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps(_resources(call)).encode()]


def _resources(call: Call) -> dict[str, t.Any]:
    """A page of GetResources; the token is where the next one starts."""
    backend = organizations_backends[call.account]["aws"]
    own = [each for each in backend.accounts if each.master_account_id == call.account and each.tags]
    found = own if call.region == HOME else []
    start, size = int(call.params.get("PaginationToken") or 0), int(call.params.get("ResourcesPerPage", 50))
    page = [
        {"ResourceARN": each.arn, "Tags": [{"Key": key, "Value": value} for key, value in each.tags.items()]}
        for each in found[start : start + size]
    ]
    more = str(start + size) if len(found) > start + size else ""
    return {"ResourceTagMappingList": page, "PaginationToken": more}
