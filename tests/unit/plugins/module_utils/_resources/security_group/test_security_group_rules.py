# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of security groups: what is equal, what changes, and that nothing is left to change after it."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils._resources.security_group import rules as rules
from ansible_collections.sky.aws.plugins.module_utils._resources.security_group.rules import Access, Rule
from ansible_collections.sky.aws.tests.unit.strategies import steady

ID = "sg-0a1b2c3d4e5f60718"
OTHER = "sg-0a1b2c3d4e5f60719"
ALL_ITSELF = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ID, "UserId": "111122223333"}]}


def ssh(*ranges: str, **more: t.Any) -> dict[str, t.Any]:
    v4 = [{"CidrIp": cidr} for cidr in ranges if ":" not in cidr]
    v6 = [{"CidrIpv6": cidr} for cidr in ranges if ":" in cidr]
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": v4, "Ipv6Ranges": v6, **more}


OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
OUT_IPV6 = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}


def access(*ingress: dict[str, t.Any], egress: t.Sequence[dict[str, t.Any]] = (OUT,)) -> Access:
    return rules.of_group({"GroupId": ID, "IpPermissions": list(ingress), "IpPermissionsEgress": list(egress)})


def told(found: Access, *sources: str, efa: bool = False) -> list[str]:
    """The changes as text: ``+ tcp 22 from 0.0.0.0/0``."""
    to_authorize, to_revoke = rules.changes(found, rules.wanted(sources or ["0.0.0.0/0"], efa=efa))
    return [
        f"{sign} {text}"
        for sign, changed in (("+", to_authorize), ("-", to_revoke))
        for texts in rules.texts(changed).values()
        for text in texts
    ]


ANYWHERE = ssh("0.0.0.0/0")

EQUAL = {
    "as made": (access(ALL_ITSELF, ANYWHERE), ["0.0.0.0/0"]),
    "one permission for each source": (
        access(ALL_ITSELF, ssh("10.0.0.0/8"), ssh("192.0.2.0/24")),
        ["10.0.0.0/8", "192.0.2.0/24"],
    ),
    "one permission for all": (access(ALL_ITSELF, ssh("192.0.2.0/24", "10.0.0.0/8")), ["10.0.0.0/8", "192.0.2.0/24"]),
    "a range in two halves": (access(ALL_ITSELF, ssh("0.0.0.0/1", "128.0.0.0/1")), ["0.0.0.0/0"]),
    "two halves as one range": (access(ALL_ITSELF, ssh("10.0.0.0/8")), ["10.0.0.0/9", "10.128.0.0/9"]),
    "a range inside another": (access(ALL_ITSELF, ssh("10.0.0.0/8", "10.1.0.0/16")), ["10.0.0.0/8"]),
    "declared twice": (access(ALL_ITSELF, ANYWHERE), ["0.0.0.0/0", "0.0.0.0/0"]),
    "both families": (access(ALL_ITSELF, ssh("0.0.0.0/0", "::/0")), ["::/0", "0.0.0.0/0"]),
    "IPv6 spelt otherwise": (access(ALL_ITSELF, ssh("2001:db8::/32")), ["2001:0DB8:0::/32"]),
    "protocol by number": (access(ALL_ITSELF, {**ANYWHERE, "IpProtocol": "6"}), ["0.0.0.0/0"]),
    "ports of all traffic": (access({**ALL_ITSELF, "FromPort": -1, "ToPort": -1}, ANYWHERE), ["0.0.0.0/0"]),
    "descriptions": (
        access(ALL_ITSELF, {**ANYWHERE, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "x"}]}),
        ["0.0.0.0/0"],
    ),
    "IPv6 out, as EC2 gives it": (access(ALL_ITSELF, ANYWHERE, egress=[OUT, OUT_IPV6]), ["0.0.0.0/0"]),
}


@pytest.mark.parametrize(("found", "sources"), EQUAL.values(), ids=EQUAL)
def test_equal(found, sources):
    assert told(found, *sources) == []


DIFFERENT = {
    "new": (rules.NEW, [], ["+ all from itself", "+ tcp 22 from 0.0.0.0/0"]),
    "another source": (
        access(ALL_ITSELF, ssh("10.0.0.0/8")), ["192.0.2.0/24"],
        ["+ tcp 22 from 192.0.2.0/24", "- tcp 22 from 10.0.0.0/8"],
    ),
    "IPv6 open too": (access(ALL_ITSELF, ssh("0.0.0.0/0", "::/0")), [], ["- tcp 22 from ::/0"]),
    "one half missing": (
        access(ALL_ITSELF, ssh("0.0.0.0/1")), [], ["+ tcp 22 from 0.0.0.0/0", "- tcp 22 from 0.0.0.0/1"],
    ),
    "more ports": (
        access(ALL_ITSELF, ssh("0.0.0.0/0", FromPort=20)), [],
        ["+ tcp 22 from 0.0.0.0/0", "- tcp 20-22 from 0.0.0.0/0"],
    ),
    "another protocol": (
        access(ALL_ITSELF, ssh("0.0.0.0/0", IpProtocol="udp")), [],
        ["+ tcp 22 from 0.0.0.0/0", "- udp 22 from 0.0.0.0/0"],
    ),
    "all traffic from anywhere": (access(ALL_ITSELF, ANYWHERE, OUT), [], ["- all from 0.0.0.0/0"]),
    "all traffic from anywhere by IPv6": (access(ALL_ITSELF, ANYWHERE, OUT_IPV6), [], ["- all from ::/0"]),
    "a prefix list": (
        access(ALL_ITSELF, ssh("0.0.0.0/0", PrefixListIds=[{"PrefixListId": "pl-1"}])), [], ["- tcp 22 from pl-1"],
    ),
    "another group": (
        access({**ALL_ITSELF, "UserIdGroupPairs": [{"GroupId": OTHER}]}, ANYWHERE), [],
        ["+ all from itself", f"- all from {OTHER}"],
    ),
    "ICMP": (
        access(ALL_ITSELF, ANYWHERE, {**ANYWHERE, "IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}), [],
        ["- icmp -1 from 0.0.0.0/0"],
    ),
    "a protocol without ports": (
        access(ALL_ITSELF, ANYWHERE, {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}), [],
        ["- 50 from 10.0.0.0/8"],
    ),
    "nothing out": (access(ALL_ITSELF, ANYWHERE, egress=[]), [], ["+ all to 0.0.0.0/0"]),
    "only IPv6 out": (access(ALL_ITSELF, ANYWHERE, egress=[OUT_IPV6]), [], ["+ all to 0.0.0.0/0"]),
    "more out": (access(ALL_ITSELF, ANYWHERE, egress=[OUT, ANYWHERE]), [], ["- tcp 22 to 0.0.0.0/0"]),
    "EFA no longer": (access(ALL_ITSELF, ANYWHERE, egress=[OUT, ALL_ITSELF]), [], ["- all to itself"]),
}  # fmt: skip


@pytest.mark.parametrize(("found", "sources", "expected"), DIFFERENT.values(), ids=DIFFERENT)
def test_different(found, sources, expected):
    assert told(found, *sources) == expected


def test_efa_needs_a_rule_to_itself():
    assert told(access(ALL_ITSELF, ANYWHERE), efa=True) == ["+ all to itself"]
    assert told(access(ALL_ITSELF, ANYWHERE, egress=[OUT, ALL_ITSELF]), efa=True) == []


def test_no_sources_is_no_ssh():
    wanted = rules.wanted([], efa=False)
    assert rules.texts(wanted) == {"ingress": ["all from itself"], "egress": ["all to 0.0.0.0/0"]}


class TestForACall:
    def test_rules_of_the_same_ports_are_one_permission(self):
        wanted = rules.wanted(["192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32"], efa=False)
        assert rules.permissions(wanted.ingress, ID) == [
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": ID}]},
            {
                "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.0.2.0/24"}],
                "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
            },
        ]  # fmt: skip

    def test_a_group_of_another_account_is_named_with_it(self):
        pair = {"GroupId": OTHER, "UserId": "999999999999"}
        found = access({**ALL_ITSELF, "UserIdGroupPairs": [pair]})
        assert rules.permissions(found.ingress, ID) == [{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]

    def test_facts_have_the_keys_of_amazon_aws(self):
        assert rules.facts(access(ssh("10.0.0.0/8"), egress=[ALL_ITSELF]), None) == {
            "ip_permissions": [
                {"ip_protocol": "tcp", "from_port": 22, "to_port": 22, "ip_ranges": [{"cidr_ip": "10.0.0.0/8"}]}
            ],
            "ip_permissions_egress": [{"ip_protocol": "-1", "user_id_group_pairs": [{"group_id": None}]}],
        }


class TestSources:
    @pytest.mark.parametrize("source", ["0.0.0.0/0", "203.0.113.7/32", "2001:db8::/32", "::/0", "10.0.0.0/255.0.0.0"])
    def test_accepted(self, source):
        assert rules.source_faults([source], "ssh_sources") == []

    @pytest.mark.parametrize(
        ("source", "mend"),
        [
            ("203.0.113.7", "is a single address; give 203.0.113.7/32"),
            ("::1", "is a single address; give ::1/128"),
            ("10.1.2.3/8", "begins inside its range; give 10.0.0.0/8, or 10.1.2.3 alone as /32"),
            ("2001:db8::1/64", "begins inside its range; give 2001:db8::/64, or 2001:db8::1 alone as /128"),
            ("10.0.0.0/33", "is not an address range; give a range in CIDR form"),
            ("office", "is not an address range"),
            ("", "is not an address range"),
            ("sg-0a1b2c3d", "is not an address range"),
            ("fe80::%1/64", "is not an address range"),
            (" 10.0.0.0/8", "is not an address range"),
        ],
    )
    def test_refused(self, source, mend):
        [fault] = rules.source_faults(["0.0.0.0/0", source], "ssh_sources")
        assert fault.startswith(f"ssh_sources[1]: {source!r} {mend}")


PEERS = st.one_of(
    st.builds(lambda last, size: ("ipv4", f"{last << 6}.0.0.0/{size}"), st.integers(0, 3), st.sampled_from([2, 8])),
    st.sampled_from([("ipv4", "0.0.0.0/0"), ("ipv4", "0.0.0.0/1"), ("ipv4", "128.0.0.0/1"), ("ipv6", "::/0")]),
    st.sampled_from([("ipv6", "2001:db8::/32"), ("group", rules.ITSELF), ("group", OTHER), ("prefix_list", "pl-1")]),
)
SPANS = st.sampled_from([("-1", None), ("tcp", (22, 22)), ("tcp", (22, 22)), ("tcp", (20, 22)), ("icmp", (8, -1))])
RULES = st.frozensets(st.builds(lambda span, peer: Rule(*span, *peer), SPANS, PEERS), max_size=6)
ACCESSES = st.builds(Access, RULES, RULES)
SOURCES = st.lists(st.sampled_from(["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "64.0.0.0/2", "::/0"]), max_size=3)


def reached(found: frozenset[Rule]) -> set[tuple[t.Any, ...]]:
    """What rules allow, by protocol and ports: of addresses the /8 blocks of 0.0.0.0/0, the range 2001:db8::/32 and ::/0."""
    allowed: set[tuple[t.Any, ...]] = set()
    for rule in found:
        peers: t.Iterable[t.Any] = [rule.peer]
        if rule.kind == "ipv4":
            blocks = ipaddress.ip_network("0.0.0.0/0").subnets(new_prefix=8)
            peers = [block for block in blocks if block.subnet_of(ipaddress.IPv4Network(rule.peer))]
        if rule.peer == "::/0":
            peers = ["::/0", "2001:db8::/32"]
        allowed |= set(itertools.product([rule.protocol], [rule.ports], peers))
    return allowed


@steady
@given(found=ACCESSES, sources=SOURCES, efa=st.booleans())
def test_after_the_changes_there_are_none_and_what_is_declared_is_allowed(found, sources, efa):
    wanted = rules.wanted(sources, efa=efa)
    to_authorize, to_revoke = rules.changes(found, wanted)
    after = rules.after(found, to_authorize, to_revoke)
    assert rules.changes(after, wanted) == (Access(frozenset(), frozenset()),) * 2
    assert reached(after.ingress) == reached(wanted.ingress)
    assert reached(after.egress) - reached(frozenset({rules.ALL_OUT_IPV6})) == reached(wanted.egress)
    # Only what is missing is authorized and only what is there is revoked, as EC2 demands.
    assert not to_authorize.ingress & found.ingress
    assert to_revoke.ingress <= found.ingress
    assert not to_authorize.egress & found.egress
    assert to_revoke.egress <= found.egress


@steady
@given(found=ACCESSES)
def test_taken_apart_and_put_together_it_is_the_same(found):
    described = {
        "GroupId": ID,
        "IpPermissions": rules.permissions(found.ingress, ID),
        "IpPermissionsEgress": rules.permissions(found.egress, ID),
    }
    assert rules.of_group(described) == found


@steady
@given(found=ACCESSES, sources=SOURCES)
def test_nothing_to_change_means_the_same_access(found, sources):
    """No false equal."""
    wanted = rules.wanted(sources, efa=False)
    if rules.changes(found, wanted) == (Access(frozenset(), frozenset()),) * 2:
        free = reached(frozenset({rules.ALL_OUT_IPV6}))
        assert reached(found.ingress) == reached(wanted.ingress)
        assert reached(found.egress) - free == reached(wanted.egress)
