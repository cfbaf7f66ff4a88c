# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policy features by name: what is wrong with a selection, and the document made of it. PRIVATE to the collection."""

from __future__ import annotations

import re
import typing as t

from .. import _validate
from .._policy.compose import compose, joined
from .catalogue import FEATURES
from .combinations import CONTRADICTIONS, SURPRISES

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from .._policy.equality import Document, Statement


#: The features of a policy whose declaration names none. With ``base`` alone SkyPilot 0.12.1 and later cannot launch, and
#: every user can forge our marks.
DEFAULT = ("base", "launch_tags", "protect_tags")
#: Who may carry a policy. On the page users and the role of the instances share one, so it holds what either needs.
PRINCIPALS = ("user", "role")
#: Any bucket of the account.
ANY_BUCKET = ("*",)

_PLACEHOLDER = re.compile(r"<(\w+)>")
#: Of which features the resources are named by an option of the module.
_NAMED = {"custom_identities": ("custom_identity",), "s3_buckets": ("s3_read", "s3_write", "s3_manage")}
#: A role's name with its path, if it has one (IAM quotas), and a bucket's name or a pattern of names (S3, Bucket naming
#: rules).
_IDENTITY = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9.*?-]{1,63}")


def faults(
    names: Iterable[str], custom_identities: Sequence[str] = (), s3_buckets: Sequence[str] = ANY_BUCKET
) -> list[str]:
    """What is wrong with a list of features and with the names of their resources; one line a fault."""
    found: list[str] = []
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            found.append(f"features[{index}]: {name!r} is given twice; give each feature once")
        elif name not in FEATURES:
            found.append(
                f"features[{index}]: {name!r} is not a feature; {_validate.nearest(name, FEATURES)}"
                f"the features are {', '.join(FEATURES)}"
            )
        seen.add(name)
    found += [f"features: {contradiction.says}" for contradiction in CONTRADICTIONS if contradiction.holds(seen)]
    return found + list(_name_faults(seen, custom_identities, s3_buckets))


def _name_faults(
    features: Collection[str], custom_identities: Sequence[str], s3_buckets: Sequence[str]
) -> Iterator[str]:
    if "custom_identity" in features and not custom_identities:
        yield "custom_identities: the feature custom_identity is for roles that are named here; give at least one"
    if custom_identities and "custom_identity" not in features:
        yield "custom_identities: only the feature custom_identity uses it; add the feature or leave the roles out"
    if not s3_buckets:
        yield f"s3_buckets: give the names of buckets, or {ANY_BUCKET[0]!r} for any bucket of the account"
    if tuple(s3_buckets) not in ((), ANY_BUCKET) and not set(_NAMED["s3_buckets"]).intersection(features):
        yield f"s3_buckets: only the features {', '.join(_NAMED['s3_buckets'])} use it; add one or leave the buckets out"
    for index, identity in enumerate(custom_identities):
        if not _IDENTITY.fullmatch(identity):
            yield (
                f"custom_identities[{index}]: {identity!r} is not the name of a role; give a name of up to 64 letters, "
                "digits and _+=,.@- with its path before it, if it has one: teams/research"
            )
    for index, bucket in enumerate(s3_buckets):
        if not _BUCKET.fullmatch(bucket):
            yield (
                f"s3_buckets[{index}]: {bucket!r} is not the name of a bucket; give up to 63 lower-case letters, digits, "
                "dots and hyphens, with * and ? for a pattern, and no s3://"
            )


def surprises(names: Collection[str]) -> list[str]:
    """What a selection without faults will not do, or will do beside; one line each, and none names an account."""
    return [surprise.says for surprise in SURPRISES if surprise.holds(names)]


def statements(
    names: Iterable[str],
    *,
    account_id: str,
    partition: str,
    principals: Collection[str] = PRINCIPALS,
    custom_identities: Sequence[str] = (),
    s3_buckets: Sequence[str] = ANY_BUCKET,
) -> list[Statement]:
    """The statements of the features, in the order of the names, for an account and who will carry the policy.

    Raises KeyError for an unknown feature: ask ``faults`` first.
    """
    values = {
        "account_id": [account_id],
        "partition": [partition],
        "custom_identity": custom_identities,
        "s3_bucket": s3_buckets,
    }
    return [_filled(template, values) for name in names for template in FEATURES[name].statements(principals)]


def document(
    names: Iterable[str],
    extra_statements: Iterable[Statement] = (),
    *,
    account_id: str,
    partition: str,
    principals: Collection[str] = PRINCIPALS,
    custom_identities: Sequence[str] = (),
    s3_buckets: Sequence[str] = ANY_BUCKET,
) -> Document:
    """The policy document of the features, joined, and of further statements, which are taken as they are.

    Raises KeyError as ``statements`` does.
    """
    own = statements(
        names,
        account_id=account_id,
        partition=partition,
        principals=principals,
        custom_identities=custom_identities,
        s3_buckets=s3_buckets,
    )
    return compose([*joined(own), *extra_statements])


def _filled(template: t.Any, values: Mapping[str, Sequence[str]]) -> t.Any:
    if isinstance(template, dict):
        return {key: _filled(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [text for item in template for text in _texts(item, values)]
    [text] = _texts(template, values)
    return text


def _texts(template: str, values: Mapping[str, Sequence[str]]) -> list[str]:
    """The text for each choice of values for its placeholders."""
    found = _PLACEHOLDER.search(template)
    if not found:
        return [template]
    filled = (template.replace(found[0], value) for value in values[found[1]])
    return [text for each in filled for text in _texts(each, values)]
