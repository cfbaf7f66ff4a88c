# Copyright: (c) 2026, the sky.aws authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options, tags and plans of access keys: pure tables."""

from __future__ import annotations

import datetime

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.sky.aws.plugins.module_utils._errors import SkyError
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import notes as key_notes
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import options as key_options
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key import planning as key_planning
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.found import Found, delivered_id
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.in_file import KeyFile
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.in_secret import KeySecret, version_of
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.key import Key, NewKey
from ansible_collections.sky.aws.plugins.module_utils._resources.user.key.notes import Intent, Notes

NOW = datetime.datetime(2026, 11, 24, 9, 30, tzinfo=datetime.UTC)
BEFORE = NOW - datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
ONE, TWO, THREE = (f"AKIA{n * 16}" for n in "123")
PATH, PROFILE = "/home/me/credentials", "111111111111-alice"
OPEN = Notes(None, open=Intent(NOW))


def key(key_id=ONE, created=BEFORE, *, status="Active", used=None):
    return Key(key_id, status, created, used)


def half(key_id=ONE, created=NOW):
    return key(key_id, created, used=False)


def file(held=None, **more):
    return KeyFile(PATH, PROFILE, held, **more)


def found(*keys, place=None, notes=None):
    return Found("alice", place or file(), keys, notes or Notes())


def planned(what, *, reissue=False):
    delivery = {"reissue": reissue, "max_age_days": None, "grace_days": None}
    return key_planning.plan(what, {"access_key_delivery": delivery, "manage": "user"})


def calls(plan):
    """Steps in short: the ids of deleted keys are in them."""
    return [" ".join([s.api.partition(":")[2], s.arguments.get("AccessKeyId", "")]).strip() for s in plan.steps]


NEW = ["TagUser", "CreateAccessKey", "TagUser"]
DELIVERED = Notes(ONE)
STATES = {
    "no key yet": (found(), NEW, NEW),
    "a person's key": (found(key(TWO)), NEW, NEW),
    "delivered": (found(key(), place=file(ONE), notes=DELIVERED), [], []),
    "delivered, beside a person's": (found(key(), key(TWO), place=file(ONE), notes=DELIVERED), [], []),
    "place lacks it": (found(key(), notes=DELIVERED), [], [*NEW, f"DeleteAccessKey {ONE}"]),
    "place has another": (found(key(), place=file(TWO), notes=DELIVERED), [], [*NEW, f"DeleteAccessKey {ONE}"]),
    "key is gone": (found(place=file(ONE), notes=DELIVERED), [], NEW),
    "key is inactive": (
        found(key(status="Inactive"), place=file(ONE), notes=DELIVERED),
        [],
        [*NEW, f"DeleteAccessKey {ONE}"],
    ),
    "no room": (found(key(), key(TWO), notes=DELIVERED), [], [f"DeleteAccessKey {ONE}", *NEW]),
    "a person's key in the place": (found(key(), place=file(ONE)), [], NEW),
    "a stranger's key in the place": (found(place=file(ONE)), NEW, NEW),
    "killed after the intent": (found(notes=OPEN), NEW, NEW),
    "killed after the key": (found(half(), notes=OPEN), *[[f"DeleteAccessKey {ONE}", *NEW]] * 2),
    "killed after a lost answer": (
        found(half(), half(TWO), notes=OPEN),
        *[[f"DeleteAccessKey {ONE}", f"DeleteAccessKey {TWO}", *NEW]] * 2,
    ),
    "killed after the delivery": (found(half(), place=file(ONE), notes=OPEN), ["TagUser"], ["TagUser"]),
    "and used since": (found(key(created=NOW, used=True), place=file(ONE), notes=OPEN), ["TagUser"], ["TagUser"]),
    "killed after the delivery, answer lost": (
        found(half(), half(TWO), place=file(TWO), notes=OPEN),
        *[[f"DeleteAccessKey {ONE}", "TagUser"]] * 2,
    ),
    "killed in a reissue after the key": (
        found(key(), half(TWO), notes=Notes(ONE, open=Intent(NOW, frozenset([ONE])))),
        *[[f"DeleteAccessKey {TWO}", *NEW, f"DeleteAccessKey {ONE}"]] * 2,
    ),
    "killed in a reissue after the delivery": (
        found(key(), half(TWO), place=file(TWO), notes=Notes(ONE, open=Intent(NOW, frozenset([ONE])))),
        *[["TagUser", f"DeleteAccessKey {ONE}"]] * 2,
    ),
    "killed in a reissue after the tag": (
        found(key(), key(TWO), place=file(TWO), notes=Notes(TWO, replaced=ONE)),
        *[[f"DeleteAccessKey {ONE}"]] * 2,
    ),
    "reissue is done": (found(key(TWO), place=file(TWO), notes=Notes(TWO, replaced=ONE)), [], []),
    "intent open, delivered all the same": (
        found(key(), place=file(ONE), notes=Notes(ONE, open=Intent(NOW))),
        ["TagUser"],
        ["TagUser"],
    ),
    "a used key is not ours": (found(key(created=NOW, used=True), notes=OPEN), NEW, NEW),
    "an older key is not ours": (found(half(created=NOW - MINUTE), notes=OPEN), NEW, NEW),
    "a much newer key is not ours": (found(half(created=NOW + 30 * MINUTE), notes=OPEN), NEW, NEW),
    "a noted key is not ours": (found(half(), notes=Notes(open=Intent(NOW, frozenset([ONE])))), NEW, NEW),
    "a key of the same second is ours": (found(half(created=NOW), notes=OPEN), *[[f"DeleteAccessKey {ONE}", *NEW]] * 2),
    "no intent, no deletion": (found(half(), notes=Notes(unreadable="x")), NEW, NEW),
}


@pytest.mark.parametrize("case", STATES)
def test_the_steps_of_every_state(case):
    state, without, with_reissue = STATES[case]
    assert calls(planned(state)) == without
    assert calls(planned(state, reissue=True)) == with_reissue


UNUSABLE = {
    "place lacks it": f"profile {PROFILE} of file {PATH} does not hold access key {ONE}",
    "key is gone": f"the delivered access key {ONE} does not exist any more",
    "key is inactive": f"the delivered access key {ONE} is not active",
    "a person's key in the place": (
        f"profile {PROFILE} of file {PATH} holds access key {ONE}, "
        "which this collection did not deliver and does not replace"
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_an_unusable_key_is_reported(case):
    plan = planned(STATES[case][0])
    shown = {"file": PATH, "profile": PROFILE}
    assert {"aspect": "access_key", "declared": shown, "found": UNUSABLE[case]} in plan.drift
    mend = "set access_key_delivery.reissue to true to have a new key delivered"
    assert plan.warnings == [f"user alice: {UNUSABLE[case]}; {mend}"]
    assert plan.before == plan.after


@pytest.mark.parametrize("reissue", [False, True])
@pytest.mark.parametrize("notes", [Notes(), Notes(THREE), OPEN])
def test_two_keys_of_others_leave_no_room(notes, reissue):
    state = found(key(), key(TWO), notes=notes)
    if notes.delivered and not reissue:
        assert planned(state).steps == []
        return
    with pytest.raises(SkyError, match=f"user alice has 2 access keys.*{ONE}, {TWO}.*delete one by hand"):
        planned(state, reissue=reissue)


def test_a_fault_of_the_place_stops_only_what_would_write_there():
    place = file(ONE, fault="not writable")
    assert planned(found(key(), place=place, notes=DELIVERED)).steps == []
    with pytest.raises(SkyError, match="not writable"):
        planned(found(place=place))


def test_keys_of_others_are_drift():
    plan = planned(found(key(), key(TWO), place=file(ONE), notes=DELIVERED))
    assert plan.drift == [{"aspect": "access_keys", "declared": [], "found": [TWO]}]


def test_an_unreadable_intent_is_drift():
    plan = planned(found(key(), place=file(ONE), notes=Notes(ONE, unreadable="x y")))
    assert plan.drift == [{"aspect": "tag sky.aws/access-key-intent", "declared": "settled", "found": "x y"}]


def test_the_facts():
    delivered = planned(found(key(), place=file(ONE, warning="mode"), notes=DELIVERED))
    fact = {
        "access_key_id": ONE,
        "user_name": "alice",
        "status": "Active",
        "create_date": "2026-11-23T09:30:00+00:00",
        "delivered_to": {"file": PATH, "profile": PROFILE},
        "previous": None,
    }
    assert (delivered.fact, delivered.before, delivered.after) == (fact, {"access_key": fact}, {"access_key": fact})
    assert delivered.warnings == ["mode"]
    first = planned(found())
    assert first.fact == {**fact, "access_key_id": None, "create_date": None}
    assert (first.before, first.after) == ({}, {"access_key": first.fact})
    assert planned(found(notes=DELIVERED)).fact == {**fact, "status": None, "create_date": None, "delivered_to": None}


# The secret


def secret(**more):
    return KeySecret("sky/alice", "alice", "111111111111", **more)


POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}
PLACES = {
    "new": (secret(), [], ["CreateSecret"]),
    "new with a policy": (secret(wanted_policy=POLICY), [], ["CreateSecret", "PutResourcePolicy"]),
    "new without readers": (secret(wanted_policy={}), [], ["CreateSecret"]),
    "there": (secret(exists=True), [], ["PutSecretValue"]),
    "there, policy differs": (
        secret(exists=True, wanted_policy=POLICY),
        ["PutResourcePolicy"],
        ["PutResourcePolicy", "PutSecretValue"],
    ),
    "there, policy is the same": (secret(exists=True, policy=POLICY, wanted_policy=POLICY), [], ["PutSecretValue"]),
    "there, policy must go": (
        secret(exists=True, policy=POLICY, wanted_policy={}),
        ["DeleteResourcePolicy"],
        ["DeleteResourcePolicy", "PutSecretValue"],
    ),
    "there, policy is nobody's": (secret(exists=True), [], ["PutSecretValue"]),
    "there, KMS key differs": (
        secret(exists=True, wanted_kms_key_id="alias/x"),
        ["UpdateSecret"],
        ["UpdateSecret", "PutSecretValue"],
    ),
    "there, KMS key is the same": (
        secret(exists=True, kms_key_id="arn:aws:kms:us-east-1:111111111111:key/1-2", wanted_kms_key_id="1-2"),
        [],
        ["PutSecretValue"],
    ),
    "scheduled for deletion": (
        secret(exists=True, is_deleted=True, wanted_policy=POLICY),
        [],
        ["RestoreSecret", "PutResourcePolicy", "PutSecretValue"],
    ),
}


@pytest.mark.parametrize("case", PLACES)
def test_the_steps_of_every_secret(case):
    place, upkeep, delivery = PLACES[case]
    assert calls(planned(found(key(), place=place, notes=DELIVERED))) == upkeep
    steps = calls(planned(found(place=place)))
    assert [step for step in steps if step not in NEW] == delivery
    assert steps.index("CreateAccessKey") < steps.index(place.delivery_steps()[0].api.partition(":")[2])


def test_settings_that_change_are_shown():
    plan = planned(found(place=secret(exists=True, wanted_policy=POLICY, wanted_kms_key_id="alias/x")))
    assert plan.before == {"access_key_secret": {"kms_key_id": None, "resource_policy": {}}}
    assert plan.after["access_key_secret"] == {"kms_key_id": "alias/x", "resource_policy": POLICY}


def test_a_secret_tells_its_key_by_its_version():
    assert secret(exists=True, version=version_of(ONE)).holds(ONE)
    assert not secret(exists=True, version=version_of(ONE)).holds(TWO)
    assert 32 <= len(version_of(ONE)) <= 64


# Tags


@pytest.mark.parametrize(
    "notes",
    [
        Notes(),
        Notes(ONE),
        Notes(ONE, replaced=TWO),
        Notes(open=Intent(NOW)),
        Notes(ONE, open=Intent(NOW, frozenset([ONE, TWO]))),
        Notes(ONE, open=Intent(NOW, frozenset([ONE]), NOW + MINUTE, "1f0c55aa")),
        Notes(open=Intent(NOW, until=NOW + MINUTE)),
        Notes(ONE, replaced=TWO, until=NOW),
    ],
)
def test_notes_are_read_as_they_were_written(notes):
    tags = key_notes.settled(notes.delivered, notes.replaced, notes.until)
    if notes.open:
        tags["sky.aws/access-key-intent"] = notes.open.tag()
    assert key_notes.read_notes(tags) == notes
    assert all(set(value) <= set("abcdefghijklmnopqrstuvwxyzAKIZT0123456789 _.:/=+-@") for value in tags.values())


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "",
        "2026-11-24",
        "settled x",
        f"settled {ONE} {TWO}",
        f"2026-11-24T09:30:00Z  {ONE}",
        "settled 2026-11-24T09:30:00Z",
        f"settled {ONE} 2026-11-24T09:30:00Z",
        "x 2026-11-24T09:30:00Z",
    ],
)
def test_a_foreign_intent_is_unreadable(value):
    assert key_notes.read_notes({"sky.aws/access-key-intent": value}) == Notes(unreadable=value)


def test_the_intent_has_the_time_of_aws():
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Tue, 24 Nov 2026 09:30:00 GMT"}}}
    one, other = Intent.now(answer, [ONE]), Intent.now(answer, [ONE])
    assert one == Intent(NOW, frozenset([ONE]), run=one.run)
    assert one.run != other.run
    with pytest.raises(SkyError, match="no Date header"):
        Intent.now({"ResponseMetadata": {"HTTPHeaders": {}}}, [])


def test_a_new_key_has_no_repr():
    assert "SECRET" not in repr(NewKey(ONE, "SECRET", "Active", NOW))


def test_delivered_id():
    assert delivered_id({"sky.aws/access-key": ONE}) == ONE
    assert delivered_id({}) is None


# Options


def validated(delivery):
    spec = {"access_key_delivery": key_options.ARGUMENTS["access_key_delivery"]}
    return ArgumentSpecValidator(spec).validate({"access_key_delivery": delivery} if delivery is not None else {})


@pytest.mark.parametrize(
    ("delivery", "message"),
    [
        ({}, "one of the following is required: file, secret"),
        ({"file": "/x", "secret": "x"}, "mutually exclusive"),
        ({"file": "/x", "readers": []}, "secret"),
        ({"file": "/x", "kms_key_id": "x"}, "secret"),
        ({"secret": "x", "readers": [], "resource_policy": {}}, "mutually exclusive"),
        ({"file": "/x", "grace_days": 1}, "max_age_days"),
        ({"file": "/x", "max_age_days": "old"}, "max_age_days"),
    ],
)
def test_the_argument_spec_refuses(delivery, message):
    messages = validated(delivery).error_messages
    assert len(messages) == 1
    assert message in messages[0]


FAULTY = {
    "access_key_delivery.file: 'x/y'": {"file": "x/y"},
    "access_key_delivery.file: '/x/'": {"file": "/x/"},
    "access_key_delivery.file: '/x\\ny'": {"file": "/x\ny"},
    "access_key_delivery.secret: 'a b'": {"secret": "a b"},
    "access_key_delivery.secret: 'arn:aws:secretsmanager": {
        "secret": "arn:aws:secretsmanager:us-east-1:111111111111:secret:x"
    },
    "access_key_delivery.readers: '*'": {"secret": "x", "readers": ["*"]},
    "access_key_delivery.readers: '111111111111'": {"secret": "x", "readers": ["111111111111"]},
    "access_key_delivery.readers: 'arn:aws:iam::111111111111:role/*'": {
        "secret": "x",
        "readers": ["arn:aws:iam::111111111111:role/*"],
    },
    "access_key_delivery.resource_policy: give": {"secret": "x", "resource_policy": {}},
    "access_key_delivery.max_age_days: 0 is out of range; give 1 to 3650 days": {"file": "/x", "max_age_days": 0},
    "access_key_delivery.max_age_days: 3651": {"file": "/x", "max_age_days": 3651},
    "access_key_delivery.grace_days: -1 is out of range; give 0": {"file": "/x", "max_age_days": 1, "grace_days": -1},
}


@pytest.mark.parametrize("start", FAULTY)
def test_faults(start):
    validation = validated(FAULTY[start])
    assert validation.error_messages == []
    (fault,) = key_options.faults(validation.validated_parameters)
    assert fault.startswith(start)


@pytest.mark.parametrize(
    "delivery",
    [
        None,
        {"file": "/home/me/.aws/credentials"},
        {"file": "~/credentials"},
        {
            "secret": "sky/alice@x",
            "readers": ["arn:aws-cn:iam::111111111111:role/a/b", "arn:aws:iam::111111111111:root"],
        },
        {"secret": "x", "readers": []},
        {"secret": "x", "resource_policy": POLICY},
        {"file": "/x", "max_age_days": 90},
        {"file": "/x", "max_age_days": 1, "grace_days": 0},
    ],
)
def test_no_faults(delivery):
    validation = validated(delivery)
    assert validation.error_messages == []
    assert validation._no_log_values == set()
    assert key_options.faults(validation.validated_parameters) == []
