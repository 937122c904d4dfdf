"""The quick ways of the import say exactly what the long ones say."""

import json
import unicodedata
from datetime import UTC, datetime

from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience.addresses import NotAnAddress, keyed_hash, normalise
from syndication.audience.imports.hashing import hasher
from syndication.audience.imports.many_rows import _line
from syndication.audience.imports.take import _uids, as_json

ATOMS = st.text("abzAZ09_!#$%&'*+-/=?^`{|}~.", min_size=1, max_size=70)
LABELS = st.text("abxnAZ09-", min_size=1, max_size=66)
TOP = st.sampled_from(["org", "com", "test", "local", "invalid", "localhost", "arpa", "onion", "x", "c0m", "museum", "a-b", "xn--p1ai"])
ADDRESSES = st.builds(lambda local, labels, top: f"{local}@{'.'.join([*labels, top])}", ATOMS, st.lists(LABELS, max_size=5), TOP)


def by_the_long_way(typed):
    try:
        found = validate_email(typed, check_deliverability=False, strict=True, test_environment=True)
    except (EmailNotValidError, UnicodeError):
        return None
    return unicodedata.normalize("NFC", found.normalized.lower())


@given(ADDRESSES | st.emails())
def test_an_address_is_known_as_email_validator_knows_it(typed):
    try:
        known_as = normalise(typed)
    except NotAnAddress:
        known_as = None
    assert known_as == by_the_long_way(typed)


@given(st.text(max_size=100), st.binary(min_size=1, max_size=100))
def test_the_quick_hash_is_the_usual_one(address, key):
    address = address.encode("utf-8", "replace").decode()
    assert hasher(key)(address) == keyed_hash(address, key)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9) | st.integers() | st.none() | st.lists(st.text(max_size=3)), max_size=4))
def test_attributes_are_written_as_json_writes_them(attributes):
    assert as_json(attributes) == json.dumps(attributes)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9), min_size=1, max_size=4))
def test_what_is_copied_comes_out_as_it_was(values):
    line = _line(values)
    assert "\n" not in line
    assert "\r" not in line
    back = [
        part.replace("\\\\", "\1").replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r").replace("\1", "\\")
        for part in line.split("\t")
    ]
    assert "\1" in "".join(values) or back == values


def test_ids_of_readers_are_uuids_of_version_7_and_differ():
    made = list(_uids(1000, datetime(2026, 11, 24, tzinfo=UTC)))
    assert len(set(made)) == 1000
    assert {(one[12], one[16]) for one in made} == {("7", "8")}
    assert {len(one) for one in made} == {32}
