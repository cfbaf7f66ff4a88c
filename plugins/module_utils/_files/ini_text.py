# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections of AWS's credentials and configuration files, edited in the text. PRIVATE to the collection.

The format is what botocore reads (``configloader.raw_config_parse``): that of configparser's RawConfigParser. configparser
drops comments when it writes, so the text is edited here line by line, and configparser only proves the edit: every
other section must read as before.
"""

from __future__ import annotations

import configparser
import io
import itertools
import re
import typing as t

from .._errors import SkyError

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_OPTION = re.compile(r"(?P<name>.*?)\s*[=:]")
#: On blanks in a row the expressions of configparser, and ours, take time that grows with the square of their number.
_MANY_BLANKS = re.compile(r"[^\S\n]{101}")


def parse(text: str, path: str, what: str) -> configparser.RawConfigParser:
    """The text as botocore reads it.

    :param what: the words for such a file: ``an AWS credentials file``.
    :raises SkyError: it is none; the message never quotes the text, which may be a secret.
    """
    if blanks := _MANY_BLANKS.search(text):
        line = text.count("\n", 0, blanks.start()) + 1
        raise SkyError(f"{path} is not {what}: line {line} has more than 100 blanks in a row; remove them by hand")
    try:
        return _parser(text)
    except configparser.Error as error:
        lines = [getattr(error, "lineno", None), *[line for line, _text in getattr(error, "errors", ())]]
        where = ", ".join(str(line) for line in lines if line)
        raise SkyError(
            f"{path} is not {what}: {type(error).__name__} in line {where}; correct it by hand or give another path"
        ) from None


def with_options(
    text: str,
    section: str,
    wanted: Mapping[str, str],
    *,
    replaced: Collection[str],
    goes_before: Callable[[str], bool] = lambda name: False,
) -> str:
    """The text with these options in the section; all other lines are as they were.

    :param replaced: lower-case names of the options that go from the section, those of ``wanted`` among them.
    :param goes_before: whether a new section is put before the one of this name; without one it is the last.
    :raises ValueError: the text is such that the edit would change something else.
    """
    lines = _lines(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    found = _section(lines, section)
    if found:
        header, *body = lines[found]
        indent = next((line[: _indent(line)] for line in body if _counts(line)), "")
        options = [f"{indent}{name} = {value}{end}" for name, value in wanted.items()]
        lines[found] = [_ended(header, end), *options, *_without_options(body, replaced)]
    else:
        new = [f"[{section}]{end}", *(f"{name} = {value}{end}" for name, value in wanted.items())]
        lines = _with_section(lines, new, goes_before, end)
    return _proven(text, "".join(lines), section, wanted, replaced)


def without_options(text: str, section: str, replaced: Collection[str] | None = None) -> str:
    """The text without these options of the section, and without the section where nothing else is in it.

    :param replaced: lower-case names of the options; None for the whole section. Comments stay always.
    :raises ValueError: the text is such that the edit would change something else.
    """
    lines = _lines(text)
    found = _section(lines, section)
    if not found:
        return text
    header, *body = lines[found]
    body = _without_options(body, replaced)
    if any(_counts(line) for line in body):
        lines[found] = [header, *body]
    else:
        # The empty line that kept it apart goes with it: the one above, or, for the first section, the one below.
        start = found.start - 1 if found.start and not lines[found.start - 1].strip() else found.start
        lines[start : found.stop] = body[1:] if not found.start and body and not body[0].strip() else body
    return _proven(text, "".join(lines), section, {}, replaced)


def defaults(text: str) -> set[str]:
    """The options of the section DEFAULT, which every section inherits.

    :raises ValueError: the text is no such file.
    """
    return set(_readable(text).defaults())


def _parser(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO(text, newline=None))
    return parser


def _readable(text: str) -> configparser.RawConfigParser:
    try:
        return _parser(text)
    except configparser.Error as error:
        raise ValueError(f"it cannot be edited ({type(error).__name__})") from None


def _lines(text: str) -> list[str]:
    """Lines with their ends, split where Python's text files split them."""
    return io.StringIO(text, newline="").readlines()


def _headers(lines: list[str]) -> list[tuple[int, str]]:
    found = ((index, configparser.RawConfigParser.SECTCRE.match(line.strip())) for index, line in enumerate(lines))
    return [(index, match["header"]) for index, match in found if match]


def _section(lines: list[str], section: str) -> slice | None:
    """The lines of a section, its header first."""
    for (start, name), (stop, _following) in itertools.pairwise([*_headers(lines), (len(lines), "")]):
        if name == section:
            return slice(start, stop)
    return None


def _with_section(lines: list[str], new: list[str], goes_before: Callable[[str], bool], end: str) -> list[str]:
    """Lines with a new section, with an empty line to its neighbours."""
    start = next((index for index, name in _headers(lines) if goes_before(name)), None)
    if start is None:
        return [*_apart(lines, end), *new]
    while start and lines[start - 1].strip() and not _counts(lines[start - 1]):  # the comment above is the other's
        start -= 1
    return [*_apart(lines[:start], end), *new, end, *lines[start:]]


def _without_options(body: list[str], replaced: Collection[str] | None) -> list[str]:
    """A section's lines without these options, and without the lines that continue them."""
    kept: list[str] = []
    option_indent = len("".join(body))  # no line can continue an option before there is one
    is_dropped = False
    for line in body:
        if _counts(line) and _indent(line) <= option_indent:
            option_indent = _indent(line)
            option = _OPTION.match(line.strip())
            is_dropped = option is not None and (replaced is None or option["name"].lower() in replaced)
        if not (is_dropped and _counts(line)):
            kept.append(line)
    return kept


def _counts(line: str) -> bool:
    """Whether a line is neither empty nor a comment."""
    return bool(line.strip()) and line.strip()[0] not in "#;"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _ended(line: str, end: str) -> str:
    return line if line.endswith(("\n", "\r")) else line + end


def _apart(lines: list[str], end: str) -> list[str]:
    """Lines to which a section can be added, with an empty line in between."""
    if not lines:
        return []
    return [*lines[:-1], _ended(lines[-1], end), *([end] if lines[-1].strip() else [])]


def _proven(before: str, after: str, section: str, wanted: Mapping[str, str], replaced: Collection[str] | None) -> str:
    """The new text, if all other sections and all other options read as before, and the options as wanted."""
    parsed = _readable(before)
    old, new = _sections(parsed), _sections(_readable(after))
    options = old.pop(section, dict(parsed.defaults()))
    kept = {name: value for name, value in options.items() if replaced is not None and name not in replaced}
    is_gone = not wanted and section not in new
    if new != old | ({} if is_gone else {section: {**kept, **wanted}}):
        raise ValueError(f"the section {section} cannot be told from its neighbours")
    return after


def _sections(parser: configparser.RawConfigParser) -> dict[str, dict[str, str]]:
    return {section: dict(parser.items(section)) for section in parser.sections()}
