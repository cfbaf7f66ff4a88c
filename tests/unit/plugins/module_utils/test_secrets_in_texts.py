# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of libraries lose what is secret in them, by its value in any form, and by its place."""

from __future__ import annotations

import html
import json
import time
import types
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.sky.aws.plugins.module_utils import _secrets
from ansible_collections.sky.aws.plugins.module_utils._secrets import MASK, masked, masked_by_place
from ansible_collections.sky.aws.tests.unit.strategies import steady

#: How libraries quote what they were given.
FORMS = {
    "as it is": str,
    "repr": repr,
    "ascii": ascii,
    "bytes": lambda text: repr(text.encode(errors="surrogateescape")),
    "latin-1": lambda text: repr(text.encode("latin-1", "replace")),
    "JSON": json.dumps,
    "JSON of any characters": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in a Python string": lambda text: repr(json.dumps(text)),
    "URL": lambda text: urllib.parse.quote(text, "", errors="surrogateescape"),
    "form": lambda text: urllib.parse.quote_plus(text, errors="surrogateescape"),
    "URL in a URL": lambda text: urllib.parse.quote(urllib.parse.quote(text, "/", errors="surrogateescape"), ""),
    "XML": html.escape,
    "lower case": str.lower,
    "upper case": str.upper,
    "one line": lambda text: " ".join(text.split()),
}
words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=8, max_size=12)
SPECIAL = ["\n", "\r\n", " ", "\t", *"/+=%&'\"\\@é", "%41", "&amp;", "\\n", "\udce9"]
between = st.lists(st.sampled_from(SPECIAL), min_size=1, max_size=3).map("".join)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(_secrets, "_known", set())


@steady
@given(st.lists(words, min_size=1, max_size=4), between, st.sampled_from(sorted(FORMS)), st.integers(0, 20))
def test_no_form_and_no_part_of_a_secret_is_left(found, joint, form, cut):
    secret = joint.join(found)
    _secrets._known.clear()
    _secrets.learn([secret])
    quoted = FORMS[form](secret)
    kept = quoted[min(cut, max(0, len(quoted) - 12)) :]
    said = masked(f"Invalid: {kept}!")
    assert said.startswith("Invalid: ")
    assert said.endswith("!")
    for word in found:
        pieces = [word[index : index + 8].lower() for index in range(len(word) - 7)]
        assert [piece for piece in pieces if piece in said.lower()] == []


@pytest.mark.parametrize("form", FORMS)
def test_a_password_of_special_characters_is_a_secret_too(form):
    _secrets.learn(["p@ss!w0#"])
    _secrets.learn(["пароль-пароль"])
    assert masked(f"a {FORMS[form]('p@ss!w0#')} b").count(MASK) == 1
    quoted = FORMS[form]("пароль-пароль")
    if "?" not in quoted:
        assert "пар" not in masked(quoted)
        assert MASK in masked(quoted)


def test_bytes_that_are_no_utf_8_are_read_too():
    _secrets.learn(["é\xe8à\xfcß\xf1ø\xe5"])
    assert masked(repr("é\xe8à\xfcß\xf1ø\xe5".encode("latin-1"))) == f"b'{MASK}'"


def test_what_is_hardly_more_than_blanks_is_not_looked_for():
    _secrets.learn(["a\n      "])
    assert masked("a banana") == "a banana"


def test_ordinary_texts_stay_to_the_letter():
    _secrets.learn(["wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"])
    text = (
        "User: arn:aws:sts::111122223333:assumed-role/R/al@example.com is not authorized to perform: iam:CreateUser on "
        "resource: arn:aws:iam::111122223333:user/é\n(https://example.com/a?b=c) because no policy allows it; 100% \\n 'x'"
    )
    assert masked_by_place(text) == text


@pytest.mark.parametrize("short", ["", "abc", "1234567", None, 7])
def test_a_short_word_is_no_secret_by_its_value(short):
    _secrets.learn(_secrets.of_options({"secret_key": short}))
    assert masked("abc 1234567 and 7") == "abc 1234567 and 7"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Authorization: Basic dTpw\nnext", f"Authorization: {MASK}\nnext"),
        ("{'Proxy-Authorization': 'Basic dTpw', 'Host': 'x'}", f"{{'Proxy-Authorization': '{MASK}', 'Host': 'x'}}"),
        ('"X-Amz-Security-Token": "ab\\"c"', f'"X-Amz-Security-Token": "{MASK}"c"'),
        ("x-amz-security-token:abc\nhost:iam", f"x-amz-security-token:{MASK}\nhost:iam"),
        ("?X-Amz-Security-Token=abc&b=c", f"?X-Amz-Security-Token={MASK}&b=c"),
        ("b'<SecretAccessKey>abc</SecretAccessKey>'", f"b'<SecretAccessKey>{MASK}</SecretAccessKey>'"),
        ("aws_secret_access_key = abc\nregion = x", f"aws_secret_access_key = {MASK}\nregion = x"),
        ("{'SessionToken': b'abc'}", f"{{'SessionToken': b'{MASK}'}}"),
        ("Invalid header value b'abc\\n'", f"Invalid header value b'{MASK}'"),
        ("Invalid header value b'abc", f"Invalid header value b'{MASK}'"),
        ("(missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 C=a b, S=c'.",
         f"(missing equal-sign) in Authorization header: '{MASK}'."),
        ("AWS4-HMAC-SHA256 Credential=a b/2026, Signature=c", MASK),
        ("http://u:p@proxy:1/x", f"http://{MASK}@proxy:1/x"),
        ("'https://u:a/b?c#d@e@proxy'", f"'https://{MASK}@proxy'"),
        ("encoded authorization failure message: abc", "encoded authorization failure message: abc"),
        ("The security token included in the request is invalid", "The security token included in the request is invalid"),
    ],
)  # fmt: skip
def test_what_nobody_knows_goes_by_its_place(text, left):
    assert masked_by_place(text) == left
    assert masked(text) == text


@pytest.mark.parametrize("url", ["http://{}@proxy:1", "{}@proxy:1", "socks5://{}@proxy"])
@pytest.mark.parametrize("user_info", ["corp:ab@cd/efgh", "corp:a b", "u:p w", "u:p%20w", "c:\"'`\nx"])
def test_the_user_info_of_a_url_is_known(url, user_info):
    """A password that nobody encoded may hold what ends a URL, and be as short as it likes."""
    _secrets.learn(_secrets.of_options({"endpoint_url": url.format(user_info)}))
    for form in FORMS.values():
        said = masked(f"Failed to connect to {form(url.format(user_info))}").lower()
        assert user_info.split(":")[1].lower() not in said
        assert "efgh" not in said
        assert MASK in said


@pytest.mark.parametrize("form", FORMS)
def test_a_short_one_is_known_by_the_sign_behind_it(form):
    _secrets.learn(_secrets.of_options({"endpoint_url": "u:p@proxy"}))
    said = masked(f"u:p is no secret, {FORMS[form]('u:p@proxy')} has one")
    assert said.startswith("u:p is no secret, ")
    assert MASK in said


def test_a_url_without_user_info_is_not():
    _secrets.learn(_secrets.of_options({"endpoint_url": "https://proxy.example:3128/path"}))
    _secrets.learn(_secrets.of_options({"endpoint_url": None}))
    assert masked("https://proxy.example:3128/path") == "https://proxy.example:3128/path"


SECRET = "Secret/Of+The=Operator"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", SECRET),
        ("AWS_SECURITY_TOKEN", SECRET),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", SECRET),
        ("HTTPS_PROXY", f"http://u:{SECRET}@proxy"),
        ("http_proxy", f"u:{SECRET}@proxy"),
        ("ALL_PROXY", f"u:{SECRET}@proxy"),
        ("AWS_ENDPOINT_URL", f"http://u:{SECRET}@host"),
        ("AWS_ENDPOINT_URL_STS", f"http://u:{SECRET}@host"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://u:{SECRET}@host"),
        ("AWS_URL", f"http://u:{SECRET}@host"),
    ],
)
def test_the_environment_is_known_as_it_is_now(monkeypatch, name, value):
    assert SECRET in masked(f"it is {SECRET}.")
    monkeypatch.setenv(name, value)
    assert masked(f"it is {SECRET}.") == f"it is {MASK}."
    monkeypatch.delenv(name)
    assert SECRET in masked(f"it is {SECRET}.")


@pytest.mark.parametrize("name", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE", "PATH"])
def test_paths_and_names_in_it_are_no_secrets(monkeypatch, name):
    monkeypatch.setenv(name, "/run/secrets/token")
    assert masked("no such file: /run/secrets/token") == "no such file: /run/secrets/token"


@pytest.mark.parametrize(
    "options",
    [
        {"secret_key": SECRET},
        {"session_token": SECRET},
        {"endpoint_url": f"https://u:{SECRET}@host"},
        {"aws_config": {"proxies": {"https": f"http://u:{SECRET}@proxy"}}},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options_are_known(options):
    _secrets.learn(_secrets.of_options(options))
    assert masked(f"it is {SECRET}.") == f"it is {MASK}."


@pytest.mark.parametrize("options", [{}, {"aws_config": None}, {"aws_config": {"proxies": "x@y"}}, {"endpoint_url": 7}])
def test_options_of_any_form_do(options):
    _secrets.learn(_secrets.of_options(options))


def test_profiles_and_resolved_credentials_are_known():
    profile = {"aws_secret_access_key": SECRET, "web_identity_token_file": "/run/secrets/token", "region": "us-east-1"}
    _secrets.learn(_secrets.of_profiles({"profiles": {"one": profile}}))
    _secrets.learn(_secrets.of_credentials(types.SimpleNamespace(secret_key="another-secret", token=None)))
    said = masked(f"{SECRET} another-secret /run/secrets/token us-east-1")
    assert said == f"{MASK} {MASK} /run/secrets/token us-east-1"


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "'" * 100_000, "secret" * 20_000, "\\" * 100_000, "%25" * 30_000, "://" * 30_000]
)
def test_no_text_takes_long(text):
    """One that grows with its square takes minutes."""
    _secrets.learn([SECRET])
    began = time.monotonic()
    masked_by_place(text)
    assert time.monotonic() - began < 5
