# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in the texts of libraries, and a text without them. PRIVATE to the collection.

botocore, urllib3 and AWS quote what they were given: headers, URLs, the whole request. What this process knows to be secret
is taken out by its value, in whatever form it is quoted; what nobody knows, by its place.
"""

from __future__ import annotations

import functools
import html
import itertools
import os
import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Stands where a secret was, as in Ansible's own output.
MASK = "********"

#: So many characters of a secret in a row give it away. A shorter one may be an ordinary word, and goes by its place.
_PIECE = 8
#: What is left of a text without its blanks may be too little to look for.
_LEAST = 4

#: What stands behind these is a secret, whatever it is. AWS quotes the header and the request whose signature it refuses.
#: https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
_PLACES = re.compile(
    r"""(?imx)
    (?P<before>
        (?<!</) (?: authorization | x-amz-security-token | x-amz-sso_bearer_token | cookie | password
          | secret_?(?:access_?)?key | (?:session|security|access|bearer)_?token )
        (?:\ header)? ["']? \s* [:=>] \s* (?:b(?=["']))?
      | invalid\ header\ (?:name|value) \s* (?:b(?=["']))?
    )
    (?: (?P<quote>["']) .*? (?:(?P=quote)|$) | [^"'\n<&]+ )
  | (?P<scheme>\w://) [^\s"'<>]* @
  | AWS4-HMAC-SHA256 \s [^"'\n<]*
    """
)
#: How libraries and logs write a character: in Python's and JSON's strings, in URLs, in XML.
_ESCAPED = re.compile(
    r"(?:(?:(?<!\\)\\+x|%(?:25)*)[0-9a-fA-F]{2})+"
    r"|(?<!\\)\\+(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[abfnrtv])"
    r"|&(?:#\d+|#x[0-9a-fA-F]+|[a-z]+);"
)

_PLAIN = re.compile(r"[A-Za-z0-9+/=_-]+")

_VARIABLE = re.compile(
    r"(?P<secret>AWS_\w*(SECRET|TOKEN)\w*(?<!_FILE))|(?P<url>(?i:(https?|all)_proxy)|AWS_\w*UR[IL]\w*|(EC2|S3)_URL)"
)
#: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html#cli-configure-files-settings
_SETTINGS = ("aws_secret_access_key", "aws_session_token", "aws_security_token")

#: What this process came to know. Errors surface anywhere, and later; so it is known for good.
_known: set[str] = set()


def learn(secrets: Iterable[str]) -> None:
    """Keep these out of errors from now on."""
    _known.update(secrets)


def of_options(params: Mapping[str, t.Any]) -> set[str]:
    """What is secret in the account options: credentials, and the user-info of URLs."""
    proxies = (params.get("aws_config") or {}).get("proxies")
    urls = [params.get("endpoint_url"), *(proxies.values() if isinstance(proxies, dict) else ())]
    return {*_long(params.get("secret_key"), params.get("session_token")), *_of_urls(urls)}


def of_profiles(config: Mapping[str, t.Any]) -> set[str]:
    """The same in the shared configuration and credentials files, as botocore's ``Session.full_config`` has them."""
    profiles = config.get("profiles", {}).values()
    settings = (profile.get(name) for profile in profiles for name in _SETTINGS)
    return {*_long(*settings), *_of_urls(profile.get("endpoint_url") for profile in profiles)}


def of_credentials(credentials: t.Any) -> set[str]:
    """The same in credentials that botocore has resolved."""
    return {*_long(credentials.secret_key, credentials.token)}


def masked(text: str) -> str:
    """A text without the secrets that are known."""
    known = frozenset({*_known, *_of_environment(os.environ)})
    for start, end in reversed(_joined(_found(_read(text), _all_pieces(known)))):
        text = f"{text[:start]}{MASK}{text[end:]}"
    return text


def masked_by_place(text: str) -> str:
    """The text of a library or a service without what stands where secrets do, and without those that are known."""
    return masked(_PLACES.sub(_mask, text))


def _of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        found = _VARIABLE.fullmatch(name)
        if found and found["url"]:
            yield from _of_urls([value])
        elif found:
            yield from _long(value)


def _long(*values: object) -> Iterator[str]:
    """The texts that are long enough to be known by their value."""
    return (value for value in values if isinstance(value, str) and len(value) >= _PIECE)


def _of_urls(urls: Iterable[object]) -> Iterator[str]:
    """The user-infos, up to the last sign behind each: a password may hold any where nobody encoded it.

    A short one is known by that sign.
    """
    for url in urls:
        if isinstance(url, str) and "@" in url:
            user_info = (url.partition("://")[2] or url).rpartition("@")[0]
            yield user_info if len(user_info) >= _PIECE else f"{user_info}@"


def _mask(found: re.Match[str]) -> str:
    if found["scheme"]:
        return f"{found['scheme']}{MASK}@"
    return f"{found['before'] or ''}{found['quote'] or ''}{MASK}{found['quote'] or ''}"


def _read(text: str) -> list[tuple[str, int, int]]:
    """The characters of a text and where each begins and ends in it, whatever the form they are written in.

    In one case, and without what forms differ in: blanks (a form has + for them), unprintable characters, backslashes.
    """
    read: list[tuple[str, int, int]] = []
    position = 0
    for found in _ESCAPED.finditer(text):
        read += (
            (character, index, index + 1) for index, character in enumerate(text[position : found.start()], position)
        )
        read += ((character, *found.span()) for character in _unescaped(found[0]))
        position = found.end()
    read += ((character, index, index + 1) for index, character in enumerate(text[position:], position))
    return [
        (lower, start, end)
        for character, start, end in read
        if character.isprintable() and character not in " +\\"
        for lower in character.lower()
    ]


def _unescaped(form: str) -> str:
    """The characters that an escape stands for; bytes are UTF-8 where they can be."""
    if form[0] == "&":
        return html.unescape(form)
    digits = form.lstrip("\\")
    if digits[0] in "uU":
        return chr(min(int(digits[1:], 16), 0x10FFFF))
    if digits[0] not in "x%":
        return ""
    data = bytes.fromhex("".join(re.findall(r"(?:x|%(?:25)*)([0-9a-fA-F]{2})", digits)))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


@functools.cache
def _pieces(secret: str) -> frozenset[str]:
    """What of a secret gives it away: each of its pieces, or the whole of a short one."""
    # Most are BASE64, of a kilobyte, and read as they are.
    is_plain = _PLAIN.fullmatch(secret)
    characters = (
        secret.replace("+", "").lower() if is_plain else "".join(character for character, *_places in _read(secret))
    )
    if len(characters) < _LEAST:
        return frozenset()
    size = min(len(characters), _PIECE)
    return frozenset(characters[index : index + size] for index in range(len(characters) - size + 1))


@functools.lru_cache(maxsize=1)
def _all_pieces(secrets: frozenset[str]) -> dict[int, set[str]]:
    """The pieces of all secrets by their size: to look for many at once costs as little as for one."""
    pieces: dict[int, set[str]] = {}
    for piece in itertools.chain.from_iterable(map(_pieces, secrets)):
        pieces.setdefault(len(piece), set()).add(piece)
    return pieces


def _found(read: list[tuple[str, int, int]], pieces: Mapping[int, set[str]]) -> list[tuple[int, int]]:
    """Where pieces of secrets stand in a text that was read."""
    characters = "".join(character for character, *_places in read)
    return sorted(
        (read[index][1], read[index + size - 1][2])
        for size, known in pieces.items()
        for index in range(len(characters) - size + 1)
        if characters[index : index + size] in known
    )


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted spans, those that touch or overlap as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
