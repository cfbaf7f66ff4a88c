# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An AWS credentials file as the place where an access key is delivered. PRIVATE to the collection.

The format is what botocore reads (``configloader.raw_config_parse``): that of configparser's RawConfigParser. configparser
drops comments when it writes, so the text is edited here line by line, and configparser only proves the edit: every
other profile must read as before. A file has many writers (one process for each host); each reads it again under a lock,
and puts the new one in its place in one step.
"""

from __future__ import annotations

import configparser
import contextlib
import dataclasses
import fcntl
import io
import itertools
import os
import pathlib
import re
import stat
import typing as t

from .._errors import SkyError, one_line

if t.TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._plan import Step
    from ._key_intent import NewKey

_ID, _SECRET = "aws_access_key_id", "aws_secret_access_key"
#: What a delivered key replaces in its profile; a session token left there would make AWS refuse the key.
_REPLACED = (_ID, _SECRET, "aws_session_token", "aws_security_token")
_OPTION = re.compile(r"(?P<name>.*?)\s*[=:]")


@dataclasses.dataclass(frozen=True)
class KeyFile:
    """A profile of a credentials file, as it was read.

    ``held`` is the id of the key in it. ``fault`` says why the file cannot be written. ``warning`` is about its mode.
    """

    path: str
    profile: str
    held: str | None = None
    fault: str | None = None
    warning: str | None = None

    @property
    def label(self) -> str:
        return f"profile {self.profile} of file {self.path}"

    @property
    def shown(self) -> dict[str, str]:
        return {"file": self.path, "profile": self.profile}

    def holds(self, key_id: str) -> bool:
        return self.held == key_id

    def settings(self) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
        """A file has none."""
        return {}, {}

    def upkeep_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def opening_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def delivery_steps(self) -> list[Step]:
        """Writing a file is no call."""
        return []

    def deliver(self, new: NewKey, do: Callable[..., t.Any]) -> None:
        """Put the key into the profile.

        :raises SkyError: the file cannot be written.
        """
        _edit(self.path, lambda text: with_profile(text, self.profile, new.id, new.secret))

    def take_back(self, key_id: str) -> str:
        """Take the key out of the profile, where it is in it; what was done, in words."""
        if not read(self.path, self.profile).holds(key_id):
            return ""
        _edit(self.path, lambda text: without_key(text, self.profile))
        return f" It was taken out of {self.label}."


def read(path: str, profile: str) -> KeyFile:
    """The profile as it is; nothing is made or changed.

    :raises SkyError: there is a file that cannot be read, or that is no credentials file.
    """
    target = _target(path)
    with _os_errors(path):
        text = _text(target)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0
    parser = _parsed(text, path)
    try:
        with_profile(text, profile, "id", "secret")
    except ValueError as error:
        raise SkyError(f"{path}: {error}; correct the file by hand") from error
    exposed = f"{path} can be read by others (mode {mode:04o}); chmod 600 it" if mode & 0o077 else None
    return KeyFile(path, profile, _held(parser, profile), _folder_fault(target.parent, path), exposed)


def _target(path: str) -> pathlib.Path:
    """The file itself: a link stays a link."""
    return pathlib.Path(os.path.realpath(path))


def _text(target: pathlib.Path) -> str:
    """The text with its line ends as they are; empty where there is no file."""
    try:
        if not stat.S_ISREG(target.stat().st_mode):
            raise SkyError(f"{target} is not a regular file; give the path of a credentials file")
        return target.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise SkyError(f"{target} is not an AWS credentials file: it is not UTF-8 text; give another path") from error


def _parsed(text: str, path: str) -> configparser.RawConfigParser:
    try:
        return _parser(text)
    except configparser.Error as error:
        # The text of a parsing error quotes the line, which may be a secret.
        lines = [getattr(error, "lineno", None), *[line for line, _text in getattr(error, "errors", ())]]
        where = ", ".join(str(line) for line in lines if line)
        raise SkyError(
            f"{path} is not an AWS credentials file: {type(error).__name__} in line {where}; "
            "correct it by hand or give another path"
        ) from None


def _parser(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_file(io.StringIO(text, newline=None))
    return parser


def _held(parser: configparser.RawConfigParser, profile: str) -> str | None:
    if not parser.get(profile, _SECRET, fallback=""):
        return None
    return parser.get(profile, _ID, fallback=None)


def _folder_fault(folder: pathlib.Path, path: str) -> str | None:
    """Why no file can be put into the folder, or the folder not be made."""
    nearest = next(parent for parent in (folder, *folder.parents) if os.path.lexists(parent))
    if not nearest.is_dir():
        return f"access_key_delivery.file: {path} cannot be written, since {nearest} is not a folder; give another path"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"access_key_delivery.file: {path} cannot be written, since {nearest} is not writable; give another path"
    return None


# The text


def with_profile(text: str, profile: str, key_id: str, secret: str) -> str:
    """The text with the key in the profile; all other lines are as they were.

    :raises ValueError: the text is such that the edit would change another profile.
    """
    lines = _lines(text)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    wanted = {_ID: key_id, _SECRET: secret}
    section = _section(lines, profile)
    if section:
        header, *body = lines[section]
        indent = next((line[: _indent(line)] for line in body if _counts(line)), "")
        key = [f"{indent}{name} = {value}{end}" for name, value in wanted.items()]
        lines[section] = [_ended(header, end), *key, *_without_key_options(body)]
    else:
        key = [f"{name} = {value}{end}" for name, value in wanted.items()]
        lines = [*_apart(lines, end), f"[{profile}]{end}", *key]
    return _proven(text, "".join(lines), profile, wanted)


def without_key(text: str, profile: str) -> str:
    """The text without the profile's key, and without the profile where nothing else is in it.

    :raises ValueError: the text is such that the edit would change another profile.
    """
    lines = _lines(text)
    section = _section(lines, profile)
    if not section:
        return text
    header, *body = lines[section]
    body = _without_key_options(body)
    if any(_counts(line) for line in body):
        lines[section] = [header, *body]
    else:
        start = section.start - 1 if section.start and not lines[section.start - 1].strip() else section.start
        lines[start : section.stop] = body
    return _proven(text, "".join(lines), profile, {})


def _lines(text: str) -> list[str]:
    """Lines with their ends, split where Python's text files split them."""
    return io.StringIO(text, newline="").readlines()


def _section(lines: list[str], profile: str) -> slice | None:
    """The lines of a profile, its header first."""
    headers = [(index, match["header"]) for index, line in enumerate(lines) if (match := _header(line))]
    for (start, name), (stop, _following) in itertools.pairwise([*headers, (len(lines), "")]):
        if name == profile:
            return slice(start, stop)
    return None


def _header(line: str) -> re.Match[str] | None:
    return configparser.RawConfigParser.SECTCRE.match(line.strip())


def _without_key_options(body: list[str]) -> list[str]:
    """A section's lines without the options that a key replaces, and without the lines that continue them."""
    kept: list[str] = []
    option_indent = len("".join(body))  # no line can continue an option before there is one
    is_dropped = False
    for line in body:
        if _counts(line) and _indent(line) <= option_indent:
            option_indent = _indent(line)
            option = _OPTION.match(line.strip())
            is_dropped = option is not None and option["name"].lower() in _REPLACED
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


def _proven(before: str, after: str, profile: str, wanted: dict[str, str]) -> str:
    """The new text, if all other profiles and all other options read as before, and the key as wanted."""
    try:
        parsed = _parser(before)
        old, new = _profiles(parsed), _profiles(_parser(after))
    except configparser.Error as error:
        raise ValueError(f"the profile {profile} cannot be edited ({type(error).__name__})") from None
    if not parsed.defaults().keys().isdisjoint(_REPLACED):
        raise ValueError("the section DEFAULT holds a key, which every profile would inherit")
    options = old.pop(profile, dict(parsed.defaults()))
    kept = {name: value for name, value in options.items() if name not in _REPLACED}
    is_gone = not wanted and profile not in new
    if new != old | ({} if is_gone else {profile: kept | wanted}):
        raise ValueError(f"the profile {profile} cannot be told from its neighbours")
    return after


def _profiles(parser: configparser.RawConfigParser) -> dict[str, dict[str, str]]:
    return {section: dict(parser.items(section)) for section in parser.sections()}


# The file


def _edit(path: str, change: Callable[[str], str]) -> None:
    """Replace the file's text in one step, under the lock that all writers take.

    :raises SkyError: the file cannot be written.
    """
    target = _target(path)
    with _os_errors(path):
        _make_folder(target.parent)
        with _locked(target):
            text = _text(target)
            _parsed(text, path)
            try:
                changed = change(text)
            except ValueError as error:
                raise SkyError(f"{path}: {error}; correct the file by hand") from None
            _replace(target, changed)


@contextlib.contextmanager
def _os_errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = one_line(error.strerror or str(error))
        raise SkyError(f"access_key_delivery.file: {path}: {reason}; give another path or mend its rights") from error


def _make_folder(folder: pathlib.Path) -> None:
    """Make what is missing of the folder, for the owner only."""
    missing = itertools.takewhile(lambda parent: not parent.exists(), (folder, *folder.parents))
    for parent in reversed(list(missing)):
        parent.mkdir(mode=0o700, exist_ok=True)


@contextlib.contextmanager
def _locked(target: pathlib.Path) -> Iterator[None]:
    """Be the only writer. The lock is a file of its own that stays, since the file itself is replaced."""
    descriptor = os.open(
        target.with_name(f".{target.name}.sky-aws.lock"),
        os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW,
        0o600,
    )
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(target: pathlib.Path, text: str) -> None:
    """A new file, 0600 from its first byte, in place of the old one."""
    # One name for all writers, who have the lock: so what a killed one left is removed by the next.
    draft = target.with_name(f".{target.name}.sky-aws.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            _keep_owner(target, descriptor)
            file.write(text.encode())
            file.flush()
            os.fsync(descriptor)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _keep_owner(target: pathlib.Path, descriptor: int) -> None:
    """The owner of the old file, where we may give files away."""
    with contextlib.suppress(FileNotFoundError, PermissionError):
        old = target.stat()
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _sync_folder(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
