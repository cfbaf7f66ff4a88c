# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a security group as sets, compared by what they allow. PRIVATE to the collection.

EC2 keeps one rule for each source, but describes and takes them as IpPermissions, which merge those of the same protocol
and ports. So permissions are taken apart into rules, and put together again for a call. Descriptions of rules play no part.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ..._skypilot import security_group

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    #: An IpPermission as EC2 describes and takes it.
    Permission = dict[str, t.Any]

#: Stands for the id of the group that has the rule.
ITSELF = "itself"

#: EC2's names for what a rule lets through, by kind: the list in an IpPermission, and the key in each of its items.
_LISTS = {
    "ipv4": ("IpRanges", "CidrIp"),
    "ipv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefix_list": ("PrefixListIds", "PrefixListId"),
    "group": ("UserIdGroupPairs", "GroupId"),
}
_NETWORKS: Mapping[str, t.Any] = {"ipv4": ipaddress.IPv4Network, "ipv6": ipaddress.IPv6Network}
_ALL = "-1"
#: EC2 takes numbers, and answers with these names (API reference, IpPermission).
_PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": _ALL}


@dataclasses.dataclass(frozen=True)
class Rule:
    """One source or destination and the traffic it is about.

    ``ports`` is None for all and for protocols without ports; for ICMP they are type and code. ``peer`` is an address
    range, the id of a prefix list or group, or ITSELF. ``owner`` is the account of a group, needed to name it in a call.
    """

    protocol: str
    ports: tuple[int, int] | None
    kind: str
    peer: str
    owner: str = dataclasses.field(default="", compare=False)

    def text(self, direction: str) -> str:
        """The rule for readers: ``tcp 22 from 0.0.0.0/0``, ``all to itself``."""
        return f"{_span(self.protocol, self.ports)} {direction} {self.peer}"


Rules = frozenset[Rule]


def _span(protocol: str, ports: tuple[int, int] | None) -> str:
    name = "all" if protocol == _ALL else protocol
    if ports is None:
        return name
    first, last = ports
    return f"{name} {first}" if first == last else f"{name} {first}-{last}"


@dataclasses.dataclass(frozen=True)
class Access:
    """What a group lets in and out."""

    ingress: Rules
    egress: Rules


#: What EC2 gives every new group (VPC user guide, security group rules). In a VPC with IPv6 it adds the second.
ALL_OUT = Rule(_ALL, None, "ipv4", "0.0.0.0/0")
ALL_OUT_IPV6 = Rule(_ALL, None, "ipv6", "::/0")
NEW = Access(frozenset(), frozenset({ALL_OUT}))


def wanted(ssh_sources: Iterable[str], *, efa: bool) -> Access:
    """What SkyPilot needs of a group so that it changes nothing in it.

    :param ssh_sources: address ranges that ``source_faults`` accepts.
    """
    among = Rule(*security_group.AMONG_MEMBERS, "group", ITSELF)
    ssh = (_addresses_rule(*security_group.SSH, source) for source in ssh_sources)
    return Access(frozenset({among, *ssh}), frozenset({ALL_OUT, among} if efa else {ALL_OUT}))


def source_faults(sources: Sequence[str], label: str) -> list[str]:
    """Faults of address ranges; one line each."""
    return [fault for index, source in enumerate(sources) for fault in _source_faults(source, f"{label}[{index}]")]


def _source_faults(source: str, label: str) -> list[str]:
    interface = _interface(source)
    if interface is None:
        accepted = "give a range in CIDR form such as 203.0.113.0/24 or 2001:db8::/32"
        return [f"{label}: {source!r} is not an address range; {accepted}"]
    network = interface.network
    if "/" not in source:
        return [f"{label}: {source!r} is a single address; give {network}"]
    if interface.ip != network.network_address:
        alone = f"{interface.ip} alone as /{network.max_prefixlen}"
        return [f"{label}: {source!r} begins inside its range; give {network}, or {alone}"]
    return []


def _interface(source: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    try:
        # A scope (%) means nothing to EC2.
        return None if "%" in source else ipaddress.ip_interface(source)
    except ValueError:
        return None


def _addresses_rule(protocol: str, ports: tuple[int, int] | None, cidr: str) -> Rule:
    network = ipaddress.ip_network(cidr, strict=False)
    return Rule(protocol, ports, f"ipv{network.version}", str(network))


def of_group(group: Mapping[str, t.Any]) -> Access:
    """The rules of a group as EC2 describes it."""
    return Access(
        *(_rules(group.get(key, ()), group["GroupId"]) for key in ("IpPermissions", "IpPermissionsEgress")),
    )


def _rules(permissions: Iterable[Mapping[str, t.Any]], group_id: str) -> Rules:
    return frozenset(rule for permission in permissions for rule in _taken_apart(permission, group_id))


def _taken_apart(permission: Mapping[str, t.Any], group_id: str) -> Iterable[Rule]:
    protocol = _PROTOCOLS.get(str(permission["IpProtocol"]).lower(), str(permission["IpProtocol"]).lower())
    first = permission.get("FromPort")
    ports = None if protocol == _ALL or first is None else (first, permission.get("ToPort", first))
    for kind, (listed, key) in _LISTS.items():
        for item in permission.get(listed, ()):
            peer, owner = item[key], item.get("UserId", "")
            if kind in _NETWORKS:
                yield _addresses_rule(protocol, ports, peer)
            else:
                yield Rule(protocol, ports, kind, ITSELF if peer == group_id else peer, owner)


def changes(found: Access, declared: Access) -> tuple[Access, Access]:
    """The rules to authorize and those to revoke; where both sets allow the same, none."""
    ingress = _changes(found.ingress, declared.ingress)
    # Whether a new group has that rule depends on the VPC, so it may be there or not.
    egress = _changes(found.egress - {ALL_OUT_IPV6}, declared.egress)
    return Access(ingress[0], egress[0]), Access(ingress[1], egress[1])


def _changes(found: Rules, declared: Rules) -> tuple[Rules, Rules]:
    missing, surplus = declared - found, found - declared
    spans = {(rule.protocol, rule.ports, rule.kind) for rule in missing | surplus if rule.kind in _NETWORKS}
    alike = {span for span in spans if _reach(found, span) == _reach(declared, span)}
    return _without(missing, alike), _without(surplus, alike)


def _without(rules: Rules, spans: set[tuple[str, tuple[int, int] | None, str]]) -> Rules:
    return frozenset(rule for rule in rules if (rule.protocol, rule.ports, rule.kind) not in spans)


def _reach(rules: Rules, span: tuple[str, tuple[int, int] | None, str]) -> list[t.Any]:
    """The addresses that the rules of a span cover together, however they are split."""
    network = _NETWORKS[span[2]]
    return list(
        ipaddress.collapse_addresses(
            network(rule.peer) for rule in rules if (rule.protocol, rule.ports, rule.kind) == span
        )
    )


def after(found: Access, to_authorize: Access, to_revoke: Access) -> Access:
    """The rules as they are once the changes are made."""
    return Access(
        (found.ingress | to_authorize.ingress) - to_revoke.ingress,
        (found.egress | to_authorize.egress) - to_revoke.egress,
    )


def permissions(rules: Rules, group_id: str | None) -> list[Permission]:
    """The rules as IpPermissions for a call, in a fixed order.

    :param group_id: takes the place of ITSELF.
    """
    merged: dict[tuple[str, tuple[int, int] | None], Permission] = {}
    for rule in sorted(rules, key=_order):
        permission = merged.setdefault((rule.protocol, rule.ports), _permission(rule))
        listed, key = _LISTS[rule.kind]
        item = {key: group_id if rule.peer == ITSELF else rule.peer}
        if rule.owner and rule.peer != ITSELF:
            item["UserId"] = rule.owner
        permission.setdefault(listed, []).append(item)
    return list(merged.values())


def _permission(rule: Rule) -> Permission:
    ports = {} if rule.ports is None else {"FromPort": rule.ports[0], "ToPort": rule.ports[1]}
    return {"IpProtocol": rule.protocol, **ports}


def _order(rule: Rule) -> tuple[str, tuple[int, int], str, str]:
    return rule.protocol, rule.ports or (-1, -1), rule.kind, rule.peer


def texts(access: Access) -> dict[str, list[str]]:
    """The rules for readers: ``{"ingress": ["all from itself", ...], "egress": ["all to 0.0.0.0/0"]}``."""
    return {
        "ingress": [rule.text("from") for rule in sorted(access.ingress, key=_order)],
        "egress": [rule.text("to") for rule in sorted(access.egress, key=_order)],
    }


#: Keys of amazon.aws's ec2_security_group.
_FACT_KEYS = {
    "IpProtocol": "ip_protocol", "FromPort": "from_port", "ToPort": "to_port",
    "IpRanges": "ip_ranges", "CidrIp": "cidr_ip", "Ipv6Ranges": "ipv6_ranges", "CidrIpv6": "cidr_ipv6",
    "PrefixListIds": "prefix_list_ids", "PrefixListId": "prefix_list_id",
    "UserIdGroupPairs": "user_id_group_pairs", "GroupId": "group_id", "UserId": "user_id",
}  # fmt: skip


def facts(access: Access, group_id: str | None) -> dict[str, t.Any]:
    """The rules with the key names of amazon.aws; the group's own id is None while nobody knows it."""
    return {
        "ip_permissions": _renamed(permissions(access.ingress, group_id)),
        "ip_permissions_egress": _renamed(permissions(access.egress, group_id)),
    }


def _renamed(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {_FACT_KEYS[key]: _renamed(item) for key, item in value.items()}
    return [_renamed(item) for item in value] if isinstance(value, list) else value
