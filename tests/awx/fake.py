# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small AWX for tests: its API over HTTP with objects in memory, and a log of requests. It runs no jobs."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import re
import threading
import typing as t
import urllib.parse

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from ansible_collections.sky.aws.tests.awx import fake_rules
from ansible_collections.sky.aws.tests.awx.fake_kinds import KINDS, UNIFIED, Fields

ENCRYPTED = "$encrypted$"
API = "/api/v2/"


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, body: t.Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request, as the log keeps it."""

    method: str
    path: str
    body: t.Any


class Awx:
    """AWX as a new one is: nothing but what it brings. ``playbooks`` are those of every project."""

    token = "fake-awx-token-Zm9v"

    def __init__(self, playbooks: t.Iterable[str]) -> None:
        self.playbooks = set(playbooks)
        self.log: list[Asked] = []
        self._ids = itertools.count(1)
        self._objects: dict[str, dict[int, Fields]] = {endpoint: {} for endpoint in KINDS}
        self._related: dict[tuple[str, int, str], list[int]] = {}
        self._surveys: dict[tuple[str, int], t.Any] = {}
        self._server = make_server("127.0.0.1", 0, self._application, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        aws_fields = [
            {"id": "username", "label": "Access Key", "type": "string"},
            {"id": "password", "label": "Secret Key", "type": "string", "secret": True},
            {"id": "security_token", "label": "STS Token", "type": "string", "secret": True},
        ]
        inputs = {"fields": aws_fields, "required": ["username", "password"]}
        self.add("credential_types", name="Amazon Web Services", kind="cloud", managed=True, inputs=inputs)
        galaxy = self.add(
            "credential_types", name="Ansible Galaxy/Automation Hub API Token", kind="galaxy", managed=True
        )
        self.add("credentials", name="Ansible Galaxy", credential_type=galaxy)
        self.add("users", username="admin", is_superuser=True)

    def __enter__(self) -> Awx:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *unused: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    # For tests

    def add(self, endpoint: str, **fields: t.Any) -> int:
        """Put an object there as if it had always been; its id."""
        number = next(self._ids)
        self._objects[endpoint][number] = {**copy.deepcopy(KINDS[endpoint].fields), **fields}
        return number

    def all(self, endpoint: str) -> list[Fields]:
        """Everything of an endpoint, as stored: secrets in clear."""
        return [{"id": number, **fields} for number, fields in self._objects[endpoint].items()]

    def one(self, endpoint: str, name: str) -> Fields:
        (found,) = [each for each in self.all(endpoint) if name in (each.get("name"), each.get("identifier"))]
        return found

    def related(self, endpoint: str, name: str, association: str) -> list[str]:
        """The names of what is associated with an object."""
        target = KINDS[endpoint].associations[association]
        numbers = self._related.get((endpoint, self.one(endpoint, name)["id"], association), [])
        objects = [self._objects[target][number] for number in numbers]
        return [next(each[key] for key in ("name", "identifier", "username") if key in each) for each in objects]

    def holders(self, endpoint: str, name: str, role: str) -> list[str]:
        """The users and teams that have a role on an object."""
        number = self._role(endpoint, self.one(endpoint, name)["id"], f"{role}_role")
        found = [(kind, each) for kind in ("users", "teams") for each in self._related.get(("roles", number, kind), [])]
        return [self._objects[kind][each]["username" if kind == "users" else "name"] for kind, each in found]

    def survey(self, endpoint: str, name: str) -> t.Any:
        return self._surveys[endpoint, self.one(endpoint, name)["id"]]

    def change(self, endpoint: str, name: str, **fields: t.Any) -> None:
        """As somebody else would, by the web pages."""
        self._objects[endpoint][self.one(endpoint, name)["id"]].update(fields)

    def writes(self) -> list[Asked]:
        return [asked for asked in self.log if asked.method != "GET"]

    # The API

    def _application(self, environ: t.Any, start_response: t.Any) -> t.Any:
        request = Request(environ)
        body = json.loads(request.get_data() or b"null") if request.method != "GET" else None
        self.log.append(Asked(request.method, request.path, body))
        try:
            status, answer = self._answer(request, body)
        except Refused as refused:
            status, answer = refused.status, refused.body
        headers = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
        text = "" if answer is None else json.dumps(answer)
        return Response(text, status, headers, content_type="application/json")(environ, start_response)

    def _answer(self, request: Request, body: t.Any) -> tuple[int, t.Any]:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refused(401, {"detail": "Authentication credentials were not provided."})
        match request.method, request.path.removeprefix(API).strip("/").split("/"):
            case "GET", ["project_updates", number]:
                return 200, {"id": int(number), "status": "successful"}
            case "GET", ["unified_job_templates"]:
                return 200, self._page(request, [shown for each in UNIFIED for shown in self._shown_all(each)])
            case "GET", [endpoint] if endpoint in KINDS:
                return 200, self._page(request, self._shown_all(endpoint))
            case "POST", [endpoint] if endpoint in KINDS:
                return 201, self._create(endpoint, body)
            case "GET", [endpoint, number]:
                return 200, self._shown(endpoint, self._known(endpoint, number))
            case "PATCH", [endpoint, number]:
                return 200, self._update(endpoint, self._known(endpoint, number), body)
            case method, [endpoint, number, sub]:
                return self._sub(request, method, endpoint, self._known(endpoint, number), sub, body)
            case _:
                raise Refused(405, {"detail": f"{request.method} {request.path}"})

    def _sub(
        self, request: Request, method: str, endpoint: str, number: int, sub: str, body: t.Any
    ) -> tuple[int, t.Any]:
        if sub == "survey_spec" and KINDS[endpoint].survey:
            return self._survey_request(method, (endpoint, number), body)
        if sub == "create_approval_template" and method == "POST":
            approval = self.add("workflow_approval_templates", **self._fields("workflow_approval_templates", body))
            self._objects[endpoint][number]["unified_job_template"] = approval
            return 201, self._shown("workflow_approval_templates", approval)
        target = KINDS[endpoint].associations.get(sub)
        if target is None:
            raise Refused(404, {"detail": f"Not found: {request.path}"})
        members = self._related.setdefault((endpoint, number, sub), [])
        if method == "GET":
            return 200, self._page(request, [self._shown(target, each) for each in members])
        self._associate(members, target, body)
        return 204, None

    def _survey_request(self, method: str, key: tuple[str, int], body: t.Any) -> tuple[int, t.Any]:
        if method == "GET":
            return 200, self._surveys.get(key, {})
        if fault := fake_rules.survey_fault(body):
            raise Refused(400, {"error": fault})
        self._surveys[key] = body
        return 200, {}

    def _associate(self, members: list[int], target: str, body: Fields) -> None:
        other = self._known(target, body["id"])
        if body.get("disassociate"):
            members.remove(other)
            return
        if target == "credentials":
            kinds = [self._objects[target][each]["credential_type"] for each in members]
            if self._objects[target][other]["credential_type"] in kinds:
                raise Refused(400, {"error": "Cannot assign multiple credentials of a type."})
        members.append(other)

    def _create(self, endpoint: str, body: Fields) -> Fields:
        kind = KINDS[endpoint]
        fields = self._fields(endpoint, body)
        if missing := [name for name in kind.required if fields.get(name) in (None, "")]:
            raise Refused(400, {name: ["This field is required."] for name in missing})
        named = {**kind.fields, **fields}
        if any(all(each.get(key) == named.get(key) for key in kind.unique) for each in self.all(endpoint)):
            raise Refused(400, {"__all__": [f"{kind.type} with this {' and '.join(kind.unique)} already exists."]})
        self._check(endpoint, named)
        return self._shown(endpoint, self.add(endpoint, **fields))

    def _update(self, endpoint: str, number: int, body: Fields) -> Fields:
        stored = self._objects[endpoint][number]
        fields = self._fields(endpoint, body)
        if endpoint == "credentials" and "inputs" in fields:
            kept = {name: stored["inputs"].get(name) for name, value in fields["inputs"].items() if value == ENCRYPTED}
            fields["inputs"] = {**fields["inputs"], **kept}
        self._check(endpoint, {**stored, **fields})
        stored.update(fields)
        return self._shown(endpoint, number)

    def _fields(self, endpoint: str, body: Fields) -> Fields:
        """What AWX takes of a request: fields that it does not know are passed over, references must lead somewhere."""
        kind = KINDS[endpoint]
        fields = {name: value for name, value in body.items() if name in kind.fields}
        for name, target in kind.references.items():
            if fields.get(name) is not None and not self._exists(target, fields[name]):
                raise Refused(400, {name: [f'Invalid pk "{fields[name]}" - object does not exist.']})
        return fields

    def _exists(self, target: str, number: int) -> bool:
        endpoints = UNIFIED if target == "unified_job_templates" else (target,)
        return any(number in self._objects[endpoint] for endpoint in endpoints)

    def _check(self, endpoint: str, fields: Fields) -> None:
        if fault := self._fault(endpoint, fields):
            raise Refused(400, {"detail": fault})

    def _fault(self, endpoint: str, fields: Fields) -> str | None:
        match endpoint:
            case "credential_types":
                return fake_rules.credential_type_fault(fields)
            case "credentials":
                definition = self._objects["credential_types"][fields["credential_type"]]
                return fake_rules.credential_fault(fields["inputs"], definition)
            case "job_templates" if fields["playbook"] not in self.playbooks:
                return "Playbook not found for project."
            case "schedules":
                survey = self._surveys.get(("job_templates", fields["unified_job_template"]))
                missing = fake_rules.unanswered(survey, fields["extra_data"])
                return fake_rules.rrule_fault(fields["rrule"]) or (f"value missing: {missing}" if missing else None)
        return None

    # Reading

    def _known(self, endpoint: str, number: str | int) -> int:
        if int(number) not in self._objects.get(endpoint, {}):
            raise Refused(404, {"detail": f"Not found: {endpoint} {number}"})
        return int(number)

    def _shown_all(self, endpoint: str) -> list[Fields]:
        return [self._shown(endpoint, number) for number in self._objects[endpoint]]

    def _shown(self, endpoint: str, number: int) -> Fields:
        kind = KINDS[endpoint]
        fields = copy.deepcopy(self._objects[endpoint][number])
        url = f"{API}{endpoint}/{number}/"
        related = {name: f"{url}{name}/" for name in (*kind.associations, *(["survey_spec"] if kind.survey else []))}
        for name, target in kind.references.items():
            if fields.get(name) is not None:
                related[name] = f"{API}{self._home(target, fields[name])}/{fields[name]}/"
        roles = {f"{role}_role": {"id": self._role(endpoint, number, f"{role}_role")} for role in kind.roles}
        summary: Fields = {"object_roles": roles}
        if endpoint == "credentials":
            secret = fake_rules.secrets_of(self._objects["credential_types"][fields["credential_type"]])
            fields["inputs"] = {name: ENCRYPTED if name in secret else each for name, each in fields["inputs"].items()}
        if endpoint == "projects":
            summary["current_update"] = {"id": number}
        if endpoint in ("job_templates", "inventory_sources"):
            fields["organization"] = self._organization(endpoint, fields)
        return {
            **fields,
            "id": number,
            "type": kind.type,
            "url": url,
            "related": related,
            "summary_fields": summary,
        }

    def _organization(self, endpoint: str, fields: Fields) -> int | None:
        """AWX takes it from the project or the inventory."""
        of, name = ("projects", "project") if endpoint == "job_templates" else ("inventories", "inventory")
        organization: int | None = self._objects[of][fields[name]]["organization"]
        return organization

    def _home(self, target: str, number: int) -> str:
        if target != "unified_job_templates":
            return target
        homes = (*UNIFIED, "workflow_approval_templates")
        return next(endpoint for endpoint in homes if number in self._objects[endpoint])

    def _role(self, endpoint: str, number: int, field: str) -> int:
        name = f"{endpoint}/{number}"
        for each, role in self._objects["roles"].items():
            if (role["name"], role["role_field"]) == (name, field):
                return each
        return self.add("roles", name=name, role_field=field)

    def _page(self, request: Request, objects: list[Fields]) -> Fields:
        """A page of a list, with AWX's filters of equality."""
        wanted = {key: value for key, value in request.args.items() if key not in ("page", "page_size")}
        either = {key.removeprefix("or__"): value for key, value in wanted.items() if key.startswith("or__")}
        every = {key: value for key, value in wanted.items() if not key.startswith("or__")}
        for key in {**either, **every}:
            if not re.fullmatch("[a-z_]+", key) or (objects and key not in objects[0]):
                raise Refused(400, {"detail": f"{key} is no field to filter by"})
        found = [
            each
            for each in objects
            if all(str(each.get(key)) == value for key, value in every.items())
            and (not either or any(str(each.get(key)) == value for key, value in either.items()))
        ]
        page, size = int(request.args.get("page", 1)), int(request.args.get("page_size", 25))
        query = urllib.parse.urlencode({**wanted, "page": page + 1})
        following = f"{request.path}?{query}" if page * size < len(found) else None
        return {"count": len(found), "next": following, "results": found[(page - 1) * size : page * size]}
