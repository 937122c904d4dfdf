"""Which keys sign for whom, and for how long."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from support.dkim_verifiers import by_dkimpy
from support.signed_mail import NOW

from syndication.delivery.signing import keys, rotate
from syndication.delivery.signing.keys import REMEMBERED_SECONDS, SIGNS_ON, KeyLocked
from syndication.delivery.signing.models import SigningKey
from syndication.delivery.signing.record import record_name, record_text
from syndication.delivery.signing.remembered import Remembered
from syndication.errors import NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
TODAY = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BOTH = ["rsa", "ed25519"]
SHARED = b"From: desk@news.example.org\r\n"


def made(domain="news.example.org", algorithms=("ed25519",), *, used=True, now=TODAY):
    """New keys; in use unless told otherwise."""
    rows = rotate.make_keys(domain, list(algorithms), selector="", now=now)
    for row in rows if used else []:
        rotate.put_in_use(row, now=now)
    return rows


def selectors(domain):
    return [key.selector for key in keys.signer_keys(domain)]


def sealed_elsewhere(row, settings):
    """Make it a key that was stored under another secret key."""
    mine = settings.SECRET_KEY
    settings.SECRET_KEY = "another secret key of thirty-two letters"
    SigningKey.objects.filter(pk=row.pk).update(private_key=keys.sealed(rotate.new_private_key(row.algorithm)))
    settings.SECRET_KEY = mine
    keys.look_again()


def test_a_domain_without_keys_is_not_signed_for():
    assert keys.signer_of("news.example.org", SHARED) is None
    assert keys.key_ids("news.example.org") == []
    assert keys.signer_of_keys([], SHARED) is None


@pytest.mark.parametrize("domain", ["localhost", "", "[127.0.0.1]", "127.0.0.1"])
def test_a_sender_for_whom_no_domain_can_speak_is_not_signed_for(domain):
    assert keys.key_ids(domain) == []
    assert keys.signer_of(domain, SHARED) is None


def test_a_new_key_signs_nothing_until_it_is_put_in_use():
    (row,) = made(used=False)
    assert keys.signer_of("news.example.org", SHARED) is None
    rotate.put_in_use(row, now=TODAY)
    assert selectors("news.example.org") == ["s20261124e"]


def test_what_is_signed_can_be_verified_with_the_published_half():
    rows = made(algorithms=BOTH)
    own, body = b"To: ada@example.org\r\n", b"Hello\r\n"
    signature = keys.signer_of("news.example.org", SHARED).sign(own, body, signed_at=NOW)
    records = {record_name(row.selector, row.domain): record_text(row.algorithm, row.public_key) for row in rows}
    assert by_dkimpy(signature + SHARED + own + b"\r\n" + body, records) == [True, True]


def test_rsa_comes_first_whatever_was_made_first():
    made(algorithms=["ed25519"])
    made(algorithms=["rsa"])
    assert [key.algorithm for key in keys.signer_keys("news.example.org")] == ["rsa-sha256", "ed25519-sha256"]
    assert keys.key_ids("news.example.org") == list(SigningKey.objects.order_by("-algorithm").values_list("pk", flat=True))


def test_a_key_of_the_parent_domain_signs_for_a_sender_below_it():
    made("example.org")
    (own,) = made("letters.example.org")
    assert keys.signer_keys("news.example.org")[0].domain == "example.org"
    assert keys.key_ids("a.letters.example.org") == [own.pk]
    assert keys.signer_of("example.com", SHARED) is None
    assert keys.signer_of("notexample.org", SHARED) is None


def test_a_key_of_a_child_signs_nothing_for_its_parent():
    made("news.example.org")
    assert keys.key_ids("example.org") == []


def test_the_senders_domain_may_be_written_in_its_own_letters():
    (row,) = made("Bücher.example")
    assert row.domain == "xn--bcher-kva.example"
    assert keys.key_ids("bücher.example") == keys.key_ids("XN--BCHER-KVA.example") == [row.pk]


def test_the_private_half_is_not_readable_in_the_table():
    (row,) = made()
    assert "PRIVATE" not in row.private_key
    assert keys.opened(row).private.private_bytes_raw() not in base64.b64decode(row.private_key)


def test_selectors_of_one_day_do_not_meet():
    names = [row.selector for _ in range(3) for row in made(algorithms=BOTH)]
    assert names == ["s20261124r", "s20261124e", "s20261124r2", "s20261124e2", "s20261124r3", "s20261124e3"]


def test_a_selector_is_used_once_only():
    rotate.make_keys("example.org", ["ed25519"], selector="mail", now=TODAY)
    with pytest.raises(Refused, match="already"):
        rotate.make_keys("example.org", ["ed25519"], selector="MAIL", now=TODAY)
    assert SigningKey.objects.count() == 1
    rotate.make_keys("example.com", ["ed25519"], selector="mail", now=TODAY)


def test_two_keys_with_a_name_of_ones_own_get_a_letter_each():
    assert [row.selector for row in rotate.make_keys("example.org", BOTH, selector="mail", now=TODAY)] == ["mailr", "maile"]


def test_no_half_pair_stays_when_one_selector_is_taken():
    rotate.make_keys("example.org", ["ed25519"], selector="maile", now=TODAY)
    with pytest.raises(Refused):
        rotate.make_keys("example.org", BOTH, selector="mail", now=TODAY)
    assert [row.selector for row in rotate.keys_of("example.org")] == ["maile"]


# ---------------------------------------------------------------- one key for the other


def test_a_key_that_is_put_in_use_retires_the_one_before():
    (old,) = made()
    (new,) = made(used=False)
    assert rotate.put_in_use(new, now=TODAY).pk == old.pk
    old.refresh_from_db()
    assert (old.state, old.retired_at, new.state) == ("retired", TODAY, "in use")
    assert keys.key_ids("news.example.org") == [new.pk]


def test_an_rsa_key_does_not_retire_an_ed25519_key():
    made(algorithms=["ed25519"])
    (rsa,) = made(algorithms=["rsa"], used=False)
    assert rotate.put_in_use(rsa, now=TODAY) is None


def test_the_database_keeps_two_keys_of_an_algorithm_from_being_in_use():
    made()
    (other,) = made(used=False)
    with pytest.raises(IntegrityError), transaction.atomic():
        SigningKey.objects.filter(pk=other.pk).update(is_active=True)


def test_a_retired_key_can_come_back():
    (row,) = made()
    rotate.retire(row, now=TODAY)
    assert keys.signer_of("news.example.org", SHARED) is None
    rotate.put_in_use(row, now=TODAY)
    row.refresh_from_db()
    assert (row.state, row.retired_at) == ("in use", None)


def test_retiring_twice_keeps_the_first_date():
    (row,) = made()
    rotate.retire(row, now=TODAY)
    rotate.retire(row, now=TODAY + timedelta(days=3))
    row.refresh_from_db()
    assert row.retired_at == TODAY


def test_a_key_that_another_process_put_in_use_is_taken_when_the_process_looks_again():
    (row,) = made(used=False)
    assert selectors("news.example.org") == []
    SigningKey.objects.filter(pk=row.pk).update(is_active=True)
    assert selectors("news.example.org") == []
    keys.look_again()
    assert selectors("news.example.org") == [row.selector]


def test_a_process_looks_again_by_itself_after_half_a_minute():
    moments = iter([0, REMEMBERED_SECONDS - 1, REMEMBERED_SECONDS, REMEMBERED_SECONDS + 1])
    remembered, answers = Remembered[str](REMEMBERED_SECONDS, lambda: next(moments)), iter(["first", "second"])
    assert [remembered.answer("key", lambda: next(answers)) for _ in range(4)] == ["first", "first", "second", "second"]


def test_an_error_is_not_remembered_and_answers_do_not_pile_up():
    remembered = Remembered[int](REMEMBERED_SECONDS, lambda: 0.0)
    with pytest.raises(ZeroDivisionError):
        remembered.answer("key", lambda: 1 // 0)
    assert [remembered.answer(("key", number), lambda number=number: number) for number in range(2000)] == list(range(2000))
    assert len(remembered._answers) <= 500


def test_remembered_keys_ask_the_database_nothing(django_assert_num_queries):
    made(algorithms=BOTH)
    ids = keys.key_ids("news.example.org")
    keys.signer_of("news.example.org", SHARED)
    keys.signer_of_keys(ids, SHARED)
    with django_assert_num_queries(0):
        keys.signer_of("news.example.org", SHARED)
        keys.signer_of_keys(ids, SHARED)


# ---------------------------------------------------------------- mailings that have begun


def signed_by(ids, now=TODAY):
    """The selectors in the signatures of a mailing that was frozen with these keys."""
    keys.look_again()
    with time_machine.travel(now, tick=False):
        signer = keys.signer_of_keys(ids, SHARED)
    found = signer.sign(b"To: a@example.org\r\n", b"x\r\n", signed_at=NOW) if signer else b""
    return [part.partition(b";")[0].decode() for part in found.split(b" s=")[1:]]


def test_a_mailing_keeps_the_keys_that_it_began_with():
    old = made(algorithms=BOTH)
    ids = keys.key_ids("news.example.org")
    made(algorithms=BOTH)
    assert signed_by(ids) == [row.selector for row in old]
    assert signed_by(ids, TODAY + SIGNS_ON - timedelta(minutes=1)) == [row.selector for row in old]


def test_after_some_days_the_keys_in_use_take_over_since_dns_may_have_forgotten_the_old():
    made()
    ids = keys.key_ids("news.example.org")
    (new,) = made()
    assert signed_by(ids, TODAY + SIGNS_ON) == [new.selector]


def test_a_mailing_that_began_unsigned_stays_unsigned():
    ids = keys.key_ids("news.example.org")
    made()
    assert signed_by(ids) == []


def test_a_domain_that_gave_up_signing_sends_unsigned_after_some_days():
    (row,) = made()
    ids = keys.key_ids("news.example.org")
    rotate.retire(row, now=TODAY)
    assert signed_by(ids) == [row.selector]
    assert signed_by(ids, TODAY + SIGNS_ON) == []


def test_keys_that_nobody_knows_are_named():
    with pytest.raises(NotFound, match="4711"):
        keys.signer_of_keys([4711], SHARED)


# ---------------------------------------------------------------- another secret key


def test_a_key_stored_under_another_secret_key_stops_the_mail_and_says_what_to_do(settings):
    (row,) = made()
    ids = keys.key_ids("news.example.org")
    sealed_elsewhere(row, settings)
    for signer in (lambda: keys.signer_of("news.example.org", SHARED), lambda: keys.signer_of_keys(ids, SHARED)):
        with pytest.raises(KeyLocked, match=r"SYNDICATION_SECRET_KEY.*syndication dkim new news\.example\.org"):
            signer()


def test_after_that_advice_mailings_that_had_begun_go_on_with_the_new_key(settings):
    (row,) = made()
    ids = keys.key_ids("news.example.org")
    sealed_elsewhere(row, settings)
    (new,) = made()
    assert signed_by(ids) == [new.selector]


def test_a_damaged_key_is_locked_too():
    (row,) = made()
    SigningKey.objects.filter(pk=row.pk).update(private_key="not base64 at all")
    keys.look_again()
    with pytest.raises(KeyLocked):
        keys.signer_of("news.example.org", SHARED)
