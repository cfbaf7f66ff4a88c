# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ec2:ModifyInstanceAttribute: SkyPilot's call is allowed however AWS tells of the attribute; user data never is.

AWS's reference has two keys, ec2:Attribute and ec2:Attribute/${AttributeName}. AWS's texts spell the attribute of the groups
as groupSet, the API's word, and as Groups, the parameter; whether a call has the first key at all is nowhere said.
"""

from __future__ import annotations

import pytest

from ansible_collections.sky.aws.tests.rights.documents import allowed, document
from ansible_collections.sky.aws.tests.rights.needs import NEEDS
from ansible_collections.sky.aws.tests.rights.requests import CLUSTER, INSTANCE, of

FEATURES = ("base", "launch_tags", "protect_tags", "ports")
GROUPS = ("groupSet", "GroupSet", "groups", "Groups", "securityGroups", "SecurityGroups")
USER_DATA = ("UserData", "userData", "userdata", "USERDATA")
VALUE = "IyEvYmluL3NoCg=="
TOLD = [
    {},
    *({"ec2:Attribute": spelling} for spelling in GROUPS),
    *({f"ec2:Attribute/{spelling}": "sg-0a1b2c3d4e5f60718"} for spelling in GROUPS),
    *({"ec2:Attribute": spelling, f"ec2:Attribute/{spelling}": ("sg-0a1b", "sg-0c2d")} for spelling in GROUPS),
]


@pytest.mark.parametrize("principal", ["user", "role"])
@pytest.mark.parametrize("told", TOLD, ids=str)
def test_sky_down_with_ports_is_allowed(evaluator, told, principal):
    calls = [each for each in NEEDS["ports"].of(principal) if each.action == "ec2:ModifyInstanceAttribute"]
    assert len(calls) == 3
    requests = [of(each.action, each.resource, {**dict(each.context), **told}) for each in calls]
    assert allowed(evaluator, requests, principal, document(FEATURES, principal)) == requests


@pytest.mark.parametrize("principal", ["user", "role"])
@pytest.mark.parametrize("told", [{}, *({"ec2:Attribute": spelling} for spelling in USER_DATA)], ids=str)
@pytest.mark.parametrize("spelling", USER_DATA)
def test_user_data_is_not(evaluator, spelling, told, principal):
    request = of("ec2:ModifyInstanceAttribute", INSTANCE, {**CLUSTER, **told, f"ec2:Attribute/{spelling}": VALUE})
    assert allowed(evaluator, [request], principal, document(FEATURES, principal)) == []
