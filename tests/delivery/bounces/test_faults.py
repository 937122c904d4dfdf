"""What providers hold against the sender: seen by staff, and a pause for a domain that refuses most of the mail."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.delivery.bounces import faults
from syndication.delivery.bounces.models import SendersFault
from syndication.delivery.limits.models import Throttle
from syndication.delivery.models import Delivery
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
OURS = "weekly.example.org"


def refuse(times, *, word="blocklist", now=NOW, domain="example.org", sent_at=None):
    for _ in range(times):
        faults.note(OURS, faults.Refused(domain, word, "550 5.7.1 blocked", sent_at or now), now)


def test_two_refusals_pause_nothing(publication):
    refuse(2)
    assert faults.pause_domains(NOW) == []


def test_a_domain_that_refuses_all_is_paused_and_told_why(publication):
    refuse(3)
    assert faults.pause_domains(NOW) == ["example.org"]
    throttle = Throttle.objects.get()
    assert (throttle.sender_domain, throttle.provider, throttle.per_minute) == (OURS, "example.org", 0.1)
    assert "blocklist" in throttle.because


def test_all_domains_of_a_provider_pause_together(publication):
    refuse(2, domain="gmail.com")
    refuse(1, domain="googlemail.com")
    assert faults.pause_domains(NOW) == ["gmail"]


@pytest.fixture
def taken(mailing, readers):
    """`taken(sent_at)`: the domain took twenty messages then."""

    def take(sent_at):
        from syndication.audience.models import Subscriber

        readers(20)
        mailing.frozen_at = sent_at - timedelta(hours=1)
        mailing.save()
        Delivery.objects.bulk_create(
            Delivery(mailing=mailing, subscriber=reader, state=State.DELIVERED, sent_at=sent_at) for reader in Subscriber.objects.all()
        )

    return take


def test_a_domain_that_took_most_of_the_mail_is_not_paused(publication, taken):
    taken(NOW + timedelta(seconds=1))
    refuse(3)
    assert faults.pause_domains(NOW) == []
    refuse(3, now=NOW + timedelta(minutes=2))
    assert faults.pause_domains(NOW + timedelta(minutes=2)) == ["example.org"]


def test_what_a_domain_took_before_its_refusals_were_read_speaks_for_the_sender(publication, taken):
    """A campaign of seconds is over before anybody reads what was refused of it."""
    taken(NOW - timedelta(seconds=30))
    refuse(3, sent_at=NOW - timedelta(seconds=31))
    assert faults.pause_domains(NOW) == []


def test_what_a_domain_took_before_the_first_refused_message_does_not_hold_the_pause_up(publication, taken):
    taken(NOW - timedelta(seconds=32))
    refuse(3, sent_at=NOW - timedelta(seconds=31))
    assert faults.pause_domains(NOW) == ["example.org"]


@pytest.mark.parametrize("word", ["not_admitted", "no_relay", "too_fast"])
def test_what_no_pause_would_mend_pauses_nothing(publication, word):
    refuse(9, word=word)
    assert faults.pause_domains(NOW) == []
    assert faults.open_faults()


def test_a_paused_domain_is_not_paused_anew_without_a_new_refusal(publication):
    refuse(3)
    faults.pause_domains(NOW)
    assert faults.pause_domains(NOW + timedelta(minutes=5)) == []


def test_a_line_goes_when_staff_say_that_it_is_mended_and_so_does_the_pause(publication):
    refuse(3)
    faults.pause_domains(NOW)
    assert faults.mended(SendersFault.objects.get().pk, NOW + timedelta(minutes=1))
    assert faults.open_faults() == []
    assert not Throttle.objects.exists()


def test_the_next_refusal_shows_it_again_from_one(publication):
    refuse(3)
    faults.mended(SendersFault.objects.get().pk, NOW + timedelta(minutes=1))
    refuse(1, now=NOW + timedelta(hours=2))
    assert [fault.count for fault in faults.open_faults()] == [1]


def test_a_pause_lets_a_probe_through_every_ten_minutes(publication):
    from syndication.delivery.limits.matching import bucket_of_pace
    from syndication.delivery.limits.throttles import pace_of

    refuse(3)
    faults.pause_domains(NOW)
    bucket = bucket_of_pace(pace_of(Throttle.objects.get()))
    assert (round(1 / bucket.rate), bucket.burst) == (600, 1)
