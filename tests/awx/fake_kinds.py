# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What objects of AWX's API have: fields with their defaults, references, associations and roles, as far as we use them.

Source: awx/api/serializers.py and awx/main/models of AWX 24.6.1 (https://github.com/ansible/awx).
"""

from __future__ import annotations

import dataclasses
import typing as t

Fields = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One endpoint. ``references`` and ``associations`` lead from a field or a sub-endpoint to the endpoint meant."""

    type: str
    fields: Fields
    required: tuple[str, ...] = ("name",)
    references: dict[str, str] = dataclasses.field(default_factory=dict)
    associations: dict[str, str] = dataclasses.field(default_factory=dict)
    unique: tuple[str, ...] = ("name", "organization")
    roles: tuple[str, ...] = ()
    survey: bool = False


#: What may be launched, so what a node of a workflow and a schedule may name.
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
_ORGANIZATION = {"organization": "organizations"}
_NOTIFICATIONS = {
    f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")
}
_APPROVALS = {"notification_templates_approvals": "notification_templates"}
_EDGES = dict.fromkeys(("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes")
_NAMED: Fields = {"name": None, "description": ""}
_PROMPTS: Fields = {
    "extra_data": {},
    "inventory": None,
    "limit": None,
    "job_type": None,
    "diff_mode": None,
    "verbosity": None,
    "forks": None,
    "job_slice_count": None,
    "timeout": None,
}

KINDS: dict[str, Kind] = {
    "organizations": Kind(
        "organization",
        {**_NAMED, "max_hosts": 0, "default_environment": None},
        associations={"galaxy_credentials": "credentials", **_NOTIFICATIONS, **_APPROVALS},
        unique=("name",),
        roles=("admin", "execute", "member", "auditor", "read", "approval"),
    ),
    "teams": Kind(
        "team",
        {**_NAMED, "organization": None},
        required=("name", "organization"),
        references=_ORGANIZATION,
        roles=("admin", "member", "read"),
    ),
    "users": Kind("user", {"username": None, "is_superuser": False}, required=("username",), unique=("username",)),
    "credential_types": Kind(
        "credential_type",
        {**_NAMED, "kind": None, "managed": False, "inputs": {}, "injectors": {}},
        required=("name", "kind"),
        unique=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {**_NAMED, "organization": None, "credential_type": None, "inputs": {}},
        required=("name", "credential_type"),
        references={**_ORGANIZATION, "credential_type": "credential_types"},
        unique=("name", "organization", "credential_type"),
        roles=("admin", "use", "read"),
    ),
    "execution_environments": Kind(
        "execution_environment",
        {**_NAMED, "organization": None, "image": None, "credential": None, "pull": ""},
        required=("name", "image"),
        references={**_ORGANIZATION, "credential": "credentials"},
        unique=("name",),
    ),
    "projects": Kind(
        "project",
        {
            **_NAMED,
            "organization": None,
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "scm_revision": "",
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "allow_override": False,
            "timeout": 0,
            "credential": None,
            "default_environment": None,
        },
        references={**_ORGANIZATION, "credential": "credentials", "default_environment": "execution_environments"},
        associations=_NOTIFICATIONS,
        roles=("admin", "use", "update", "read"),
    ),
    "inventories": Kind(
        "inventory",
        {**_NAMED, "organization": None, "kind": "", "host_filter": None, "variables": ""},
        required=("name", "organization"),
        references=_ORGANIZATION,
        roles=("admin", "use", "adhoc", "update", "read"),
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            **_NAMED,
            "inventory": None,
            "source": None,
            "source_path": "",
            "source_vars": "",
            "source_project": None,
            "credential": None,
            "execution_environment": None,
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
            "update_cache_timeout": 0,
            "timeout": 0,
            "verbosity": 1,
            "limit": "",
        },
        required=("name", "inventory", "source"),
        references={
            "inventory": "inventories",
            "source_project": "projects",
            "credential": "credentials",
            "execution_environment": "execution_environments",
        },
        associations=_NOTIFICATIONS,
        unique=("name", "inventory"),
    ),
    "job_templates": Kind(
        "job_template",
        {
            **_NAMED,
            "job_type": "run",
            "inventory": None,
            "project": None,
            "playbook": "",
            "execution_environment": None,
            "forks": 0,
            "limit": "",
            "verbosity": 0,
            "extra_vars": "",
            "timeout": 0,
            "diff_mode": False,
            "job_slice_count": 1,
            "allow_simultaneous": False,
            "survey_enabled": False,
            "ask_variables_on_launch": False,
            "ask_limit_on_launch": False,
        },
        required=("name", "project"),
        references={
            "inventory": "inventories",
            "project": "projects",
            "execution_environment": "execution_environments",
        },
        associations={"credentials": "credentials", **_NOTIFICATIONS},
        roles=("admin", "execute", "read"),
        survey=True,
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **_NAMED,
            "organization": None,
            "inventory": None,
            "extra_vars": "",
            "survey_enabled": False,
            "allow_simultaneous": False,
            "ask_variables_on_launch": False,
        },
        references={**_ORGANIZATION, "inventory": "inventories"},
        associations={**_NOTIFICATIONS, **_APPROVALS},
        roles=("admin", "execute", "approval", "read"),
        survey=True,
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            **_PROMPTS,
            "identifier": None,
            "workflow_job_template": None,
            "unified_job_template": None,
            "all_parents_must_converge": False,
        },
        required=("identifier", "workflow_job_template"),
        references={"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        associations={**_EDGES, "credentials": "credentials"},
        unique=("identifier", "workflow_job_template"),
    ),
    "workflow_approval_templates": Kind("workflow_approval_template", {**_NAMED, "timeout": 0}),
    "schedules": Kind(
        "schedule",
        {**_NAMED, **_PROMPTS, "unified_job_template": None, "rrule": None, "enabled": True},
        required=("name", "unified_job_template", "rrule"),
        references={"unified_job_template": "unified_job_templates"},
        associations={"credentials": "credentials"},
        unique=("name", "unified_job_template"),
    ),
    "notification_templates": Kind("notification_template", {**_NAMED, "organization": None}),
    "roles": Kind("role", {"name": None, "role_field": None}, associations={"users": "users", "teams": "teams"}),
}
