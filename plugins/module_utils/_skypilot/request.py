# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of SkyPilot's as a template, and what fills it in. PRIVATE to the collection."""

from __future__ import annotations

import dataclasses
import itertools
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    #: A value of a context key, or the values of one that has several.
    Value: t.TypeAlias = "str | tuple[str, ...]"
    Context = Mapping[str, Value]

_PLACE = re.compile(r"<(\w+)>")


@dataclasses.dataclass(frozen=True)
class Request:
    """An action (``ec2:RunInstances``) on a resource (an ARN or ``*``), and the context keys that its call gives.

    ``context`` is sorted by key. ``source`` says where the row is read, where no recording shows it.
    """

    action: str
    resource: str
    context: tuple[tuple[str, Value], ...] = ()
    source: str = dataclasses.field(default="", compare=False)

    @property
    def places(self) -> set[str]:
        """The names of what is left to fill in."""
        texts = [self.resource, *(value for _key, value in self.context if isinstance(value, str))]
        return {name for text in texts for name in _PLACE.findall(text)}

    def filled(self, values: Mapping[str, str]) -> Request:
        """The request with values in its places. Raises KeyError for a place without a value."""

        def fill(text: str) -> str:
            return _PLACE.sub(lambda place: values[place[1]], text)

        context = tuple((key, fill(value) if isinstance(value, str) else value) for key, value in self.context)
        return dataclasses.replace(self, resource=fill(self.resource), context=context)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Need:
    """The rows of a feature: of users and of the role of the machines alike, of users only, of the role only."""

    both: tuple[Request, ...] = ()
    user: tuple[Request, ...] = ()
    role: tuple[Request, ...] = ()

    def of(self, principal: str) -> tuple[Request, ...]:
        """The rows of ``user`` or ``role``."""
        return self.both + {"user": self.user, "role": self.role}[principal]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Names:
    """What stands in the places of the rows.

    ``custom_identities`` are roles with their paths, ``s3_buckets`` names of buckets or patterns of names. What has a
    default is SkyPilot's own choice, or an example for a thing that is made or found only when SkyPilot runs: give what is
    known.
    """

    account_id: str
    partition: str
    region: str
    custom_identities: Sequence[str] = ()
    s3_buckets: Sequence[str] = ()
    instance_type: str = "m6i.2xlarge"  # catalog/aws_catalog.py:37-66
    disk_encrypted: bool = False
    public_ip: bool = True
    cluster: str = "sky-0a1b-0a1b2c3d"
    user: str = "sky"
    image_id: str = "ami-0a1b2c3d4e5f60718"
    instance_id: str = "i-0a1b2c3d4e5f60718"
    vpc_id: str = "vpc-0a1b2c3d4e5f60718"
    subnet_id: str = "subnet-0a1b2c3d4e5f60718"
    group_id: str = "sg-0a1b2c3d4e5f60718"
    reservation_id: str = "cr-0a1b2c3d4e5f60718"
    quota_code: str = "L-1216C47A"  # of on-demand standard instances
    s3_key: str = "example"
    repository: str = "example"

    def values(self, places: set[str]) -> Iterator[dict[str, str]]:
        """A value for each place: once, or for rows about an identity or a bucket once for each of these."""
        every = {
            "custom_identity": self.custom_identities,
            "s3_bucket": [_example(bucket) for bucket in self.s3_buckets],
        }
        named = sorted(places.intersection(every))
        single = {name: _text(getattr(self, name)) for name in places.difference(every)}
        for chosen in itertools.product(*(every[name] for name in named)):
            yield {**single, **dict(zip(named, chosen, strict=True))}


def _text(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


def _example(pattern: str) -> str:
    """A name that a pattern with ``*`` and ``?`` fits."""
    return pattern.replace("*", "example").replace("?", "x")
