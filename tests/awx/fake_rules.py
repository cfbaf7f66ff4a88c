# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX refuses beyond missing fields and references, as far as our objects could meet it.

Source: awx/api/views/__init__.py (SurveySpec), awx/api/serializers.py and awx/main/fields.py of AWX 24.6.1.
"""

from __future__ import annotations

import re
import typing as t

import jinja2
from dateutil import rrule

Data = t.Mapping[str, t.Any]
_DEFAULTS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (float, int),
}
_FIELD_KEYS = {"id", "type", "label", "help_text", "secret", "multiline", "format", "choices", "default"}


def survey_fault(spec: t.Any) -> str | None:
    """What is wrong with a survey; the first fault."""
    if not isinstance(spec, dict) or not all(isinstance(spec.get(key), str) for key in ("name", "description")):
        return "Field 'name' or 'description' is missing from survey spec."
    if not isinstance(spec.get("spec"), list) or not spec["spec"]:
        return "'spec' doesn't contain any items."
    variables = [question.get("variable") for question in spec["spec"]]
    if len(set(variables)) < len(variables):
        return "'variable' duplicated in survey question."
    faults = (_question_fault(number, question) for number, question in enumerate(spec["spec"]))
    return next((fault for fault in faults if fault), None)


def _question_fault(number: int, question: Data) -> str | None:
    for name, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if not isinstance(question.get(name), kind):
            return f"'{name}' in survey question {number} expected to be {kind.__name__}."
    expected = _DEFAULTS.get(question["type"])
    if expected is None:
        return f"'{question['type']}' in survey question {number} is no question type."
    default = question.get("default", "")
    if default != "" and not isinstance(default, expected):
        return f"Default value {default} in survey question {number} expected to be {expected}."
    if any(not isinstance(question.get(limit, 0), int) for limit in ("min", "max")):
        return f"The limit in survey question {number} expected to be integer."
    if not question["type"].startswith("multi"):
        return None
    if not question.get("choices"):
        return f"Survey question {number} must specify choices."
    if set(default.splitlines()) - set(question["choices"]):
        return "Default choice must be answered from the choices listed."
    return None


def unanswered(survey: Data | None, answers: Data) -> list[str]:
    """The variables without which a schedule is refused: required ones, whatever their default."""
    questions = (survey or {}).get("spec", [])
    return [each["variable"] for each in questions if each["required"] and each["variable"] not in answers]


def rrule_fault(text: str) -> str | None:
    if not re.match(r"DTSTART(;[^:]+)?:[0-9]+T[0-9]+Z? ", text):
        return "Valid DTSTART required in rrule."
    if "INTERVAL" not in text:
        return "INTERVAL required in rrule."
    try:
        rrule.rrulestr(text.replace(" ", "\n"))
    except ValueError as error:
        return f"rrule parsing failed validation: {error}"
    return None


def credential_type_fault(data: Data) -> str | None:
    """Fields must be known, and injectors may use no others."""
    fields = data["inputs"].get("fields", [])
    for field in fields:
        if set(field) - _FIELD_KEYS or not {"id", "label"} <= set(field):
            return f"Additional or missing properties in field {field.get('id')}"
    names = {field["id"] for field in fields}
    if set(data["inputs"].get("required", [])) - names:
        return "required names a field that there is not"
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    for name, template in data["injectors"].get("env", {}).items():
        try:
            environment.from_string(template).render(dict.fromkeys(names, "x"))
        except jinja2.TemplateError as error:
            return f"{name}: {error}"
    return None


def credential_fault(inputs: Data, definition: Data) -> str | None:
    names = {field["id"] for field in definition["inputs"]["fields"]}
    if set(inputs) - names:
        return f"Additional properties are not allowed ({sorted(set(inputs) - names)})"
    missing = [name for name in definition["inputs"].get("required", []) if not inputs.get(name)]
    return f"required for {definition['name']}: {missing}" if missing else None


def secrets_of(definition: Data) -> set[str]:
    """The fields of a credential type that AWX shows as ``$encrypted$``."""
    return {field["id"] for field in definition["inputs"].get("fields", []) if field.get("secret")}
