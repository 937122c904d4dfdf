"""What comes back acts on the reader whose copy it is about, by our token alone, and on nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
from support import returned_mail as mail
from support.returned_mail import DOMAIN, arf, bounce_address, copy_tokens, dsn, mdn, original, plain, vacation

from syndication.audience.models import ReaderEvent, Subscriber, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def mail_later(days):
    return datetime(2026, 11, 25, 9, 0, tzinfo=UTC) + timedelta(days=days)


def kinds(reader):
    return list(reader.events.order_by("pk").values_list("kind", flat=True))


def nothing_happened(reader, suppressed):
    reader.refresh_from_db()
    states = set(reader.subscriptions.values_list("state", flat=True))
    return not suppressed() and not kinds(reader) and reader.bounce_score == 0 and states == {Subscription.State.CONFIRMED}


# ------------------------------------------------------------------ bounces


def test_a_mailbox_that_does_not_exist_is_mailed_no_more(comes, reader, suppressed, mailing):
    row = comes(dsn())
    assert (row.verdict, row.status, row.subscriber_id, row.mailing_id) == ("bounce", "5.1.1", reader.pk, mailing.pk)
    assert suppressed() == [("bounced", None)]
    assert kinds(reader) == ["hard bounce"]


def test_only_the_reader_of_the_copy_is_touched(comes):
    comes(dsn())
    assert ReaderEvent.objects.values("subscriber").distinct().count() == 1


def test_the_line_in_the_timeline_repeats_no_address(comes, reader):
    comes(dsn())
    event = reader.events.get()
    assert "@" not in event.detail
    assert "does not exist" in event.detail


def test_exim_hides_the_code_in_the_text_and_it_counts(comes, suppressed):
    row = comes(dsn(status="5.0.0", diagnostic="smtp; 550 5.1.1 <reader@example.net>: Recipient address rejected: User unknown"))
    assert (row.status, suppressed()) == ("5.1.1", [("bounced", None)])


@pytest.mark.parametrize(
    ("said", "is_off"),
    [
        ("550 No such user here", True),
        ("550 5.1.1 unknown user", True),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 message content rejected as spam", False),
        ("554 refused", False),
    ],
)
def test_bounces_in_prose_are_read(comes, made, suppressed, said, is_off):
    row = comes(
        plain(
            mail.EXIM.format(said=said, original=original(made)),
            headers="X-Failed-Recipients: reader@example.net\nAuto-Submitted: auto-replied\n",
        )
    )
    assert row.verdict in {"bounce", "sender's fault"}
    assert bool(suppressed()) is is_off


def test_qmail_is_read(comes, made, suppressed):
    comes(plain(mail.QMAIL.format(said="Sorry, no mailbox here by that name. (#5.1.1)", original=original(made))))
    assert suppressed() == [("bounced", None)]


def test_exchange_is_read(comes, suppressed):
    machine = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
    comes(dsn(status="5.1.10", diagnostic=f"smtp;{machine}", text=mail.EXCHANGE.format(said="It was not found.", reply=machine)))
    assert suppressed() == [("bounced", None)]


def test_a_full_mailbox_costs_half_a_point(comes, reader, suppressed):
    row = comes(dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 over quota"))
    reader.refresh_from_db()
    assert (row.verdict, reader.bounce_score, suppressed(), kinds(reader)) == ("bounce", 0.5, [], ["soft bounce"])


def test_mail_that_expired_on_the_way_costs_half_a_point(comes, reader):
    comes(dsn(status="4.4.7", diagnostic="smtp; 451 4.4.7 delivery time expired"))
    reader.refresh_from_db()
    assert reader.bounce_score == 0.5


def test_the_same_copy_bounces_once_however_often_it_is_told(comes, reader):
    comes(dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 over quota"))
    comes(dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 over quota", text="Again."), now=mail_later(2))
    reader.refresh_from_db()
    assert (reader.bounce_score, kinds(reader)) == (0.5, ["soft bounce"])


def test_a_bounce_after_an_undone_one_of_the_same_copy_changes_nothing(comes, reader, suppressed):
    from syndication.audience.suppression.release import undo_event

    comes(dsn())
    undo_event(reader.events.get().pk, "staff ines@example.org", now=mail_later(0))
    assert suppressed() == []
    comes(dsn(text="Once more."))
    assert suppressed() == []


# ------------------------------------------------------------------ by which token


def test_the_message_id_of_the_returned_original_is_enough(comes, made, suppressed):
    comes(dsn(f"Message-ID: <{made.message_id}@{DOMAIN}>\n"), recipient=f"postmaster@{DOMAIN}")
    assert suppressed() == [("bounced", None)]


def test_a_mailbox_that_was_fetched_tells_the_token_in_a_field(comes, made, suppressed):
    comes(dsn(headers=f"Delivered-To: {bounce_address(made)}\n"), recipient="", source="mailbox")
    assert suppressed() == [("bounced", None)]


def test_a_program_that_changes_case_does_no_harm(comes, made, suppressed):
    comes(dsn(), recipient=bounce_address(made).upper())
    assert suppressed() == [("bounced", None)]


@pytest.mark.parametrize("recipient", [f"b+{'0' * 44}@{DOMAIN}", f"postmaster@{DOMAIN}", "", f"b+x@{DOMAIN}"])
def test_a_bounce_without_a_token_of_ours_changes_nobody_and_stays_visible(comes, reader, suppressed, recipient):
    row = comes(dsn(), recipient=recipient)
    assert row.verdict == ("forged" if recipient.startswith("b+") else "unknown")
    assert nothing_happened(reader, suppressed)
    assert bytes(row.raw)


def test_the_address_in_a_notification_proves_nothing(comes, reader, suppressed):
    forged = dsn().replace(b"reader@example.net", reader.address.encode())
    comes(forged, recipient=f"postmaster@{DOMAIN}")
    assert nothing_happened(reader, suppressed)


@pytest.mark.parametrize("name", ["unsubscribe", "message_id", "preferences"])
def test_a_token_of_another_purpose_bounces_nobody(comes, made, reader, suppressed, name):
    row = comes(dsn(), recipient=f"b+{getattr(made, name)}@{DOMAIN}")
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("forged", True)


# ------------------------------------------------------------------ what changes nobody


@pytest.mark.parametrize(
    ("raw", "verdict", "sender"),
    [
        (vacation(), "vacation", "reader@example.net"),
        (vacation(), "vacation", ""),
        (vacation("Re: The first walk", "X-Autoreply: yes\n"), "vacation", ""),
        (
            vacation(
                "Abwesenheitsnotiz",
                "",
            ),
            "vacation",
            "reader@example.net",
        ),
        (vacation("=?utf-8?q?R=C3=A9ponse_automatique?=", ""), "vacation", "reader@example.net"),
        (vacation("Re: The first walk", "Precedence: auto_reply\n"), "vacation", "reader@example.net"),
        (vacation("Please confirm that you are a person", ""), "unknown", "reader@example.net"),
        (mdn(), "receipt", ""),
        (dsn(action="delayed", status="4.4.1", diagnostic="smtp; 451 4.4.1 no answer"), "delay", ""),
        (dsn(action="delivered", status="2.1.5", diagnostic=""), "receipt", ""),
        (dsn(action="relayed", status="2.1.9", diagnostic=""), "receipt", ""),
        (dsn(action="expanded", status="2.1.5", diagnostic=""), "receipt", ""),
        (plain("Hello, I like your letter.", sender="reader@example.net", subject="Re: The first walk"), "unknown", "reader@example.net"),
    ],
)
def test_what_says_nothing_against_a_reader_changes_nobody(comes, reader, suppressed, raw, verdict, sender):
    row = comes(raw, sender=sender)
    assert (row.verdict, nothing_happened(reader, suppressed)) == (verdict, True)


def test_our_own_mail_that_comes_back_changes_nobody(comes, made, reader, suppressed):
    row = comes((original(made) + "\nThe letter.\n").encode(), sender=bounce_address(made))
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("unknown", True)


# ------------------------------------------------------------------ the sender's fault


@pytest.mark.parametrize(
    "said",
    [
        "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using zen.spamhaus.org",
        "550 5.7.26 unauthenticated email is not accepted due to the domain's DMARC policy",
        "550 5.7.25 the sending IP does not have a PTR record",
        "550 5.7.515 access denied, sending domain does not meet the required authentication level",
        "550 5.1.1 blocked using a blocklist",
    ],
)
def test_the_senders_fault_never_counts_against_the_reader(comes, reader, suppressed, said):
    from syndication.delivery.bounces.faults import open_faults

    row = comes(dsn(status="5.7.1", diagnostic=f"smtp; {said}"))
    reader.refresh_from_db()
    assert (row.verdict, suppressed(), reader.bounce_score, kinds(reader)) == ("sender's fault", [], 0, ["sender's fault"])
    assert [(fault.sender_domain, fault.domain, fault.count) for fault in open_faults()] == [(DOMAIN, "example.org", 1)]


# ------------------------------------------------------------------ complaints


@pytest.mark.parametrize("kind", ["abuse", "fraud"])
def test_a_complaint_ends_the_publications_mail_at_once(comes, made, reader, suppressed, publication, kind):
    row = comes(arf(original(made), kind), recipient=f"abuse@{DOMAIN}")
    assert (row.verdict, suppressed()) == ("complaint", [("complained", publication.pk)])
    assert kinds(reader) == ["complaint"]


@pytest.mark.parametrize("kept", ["Message-ID", "List-Unsubscribe", "Return-Path"])
def test_a_provider_that_redacts_the_address_is_understood_by_any_token(comes, made, suppressed, kept):
    redacted = (
        "\n".join(line for line in original(made, to="redacted@redacted.invalid").splitlines() if line.startswith((kept, "Subject"))) + "\n"
    )
    comes(arf(redacted, more="Original-Rcpt-To: redacted@redacted.invalid\n"), recipient=f"abuse@{DOMAIN}")
    assert [reason for reason, _ in suppressed()] == ["complained"]


def test_a_complaint_counts_for_the_senders_day(comes, made):
    from syndication.delivery.limits.models import SendingDay

    comes(arf(original(made)), recipient=f"abuse@{DOMAIN}")
    comes(arf(original(made), more="Arrival-Date: Tue, 24 Nov 2026 10:00:00 +0000\n"), recipient=f"abuse@{DOMAIN}")
    assert [(day.sender_domain, day.complaints) for day in SendingDay.objects.all()] == [(DOMAIN, 1)]


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_report_that_is_no_complaint_changes_nobody(comes, made, reader, suppressed, kind):
    row = comes(arf(original(made), kind), recipient=f"abuse@{DOMAIN}")
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("receipt", True)


def test_an_opt_out_report_leaves_the_list(comes, made, reader, suppressed):
    row = comes(arf(original(made), "opt-out"), recipient=f"abuse@{DOMAIN}")
    assert (row.verdict, suppressed(), reader.subscriptions.get().state) == ("leave", [], "unsubscribed")


def test_a_complaint_without_a_token_stays_visible(comes, reader, suppressed):
    row = comes(arf(f"To: {reader.address}\nSubject: The first walk\n"), recipient=f"abuse@{DOMAIN}")
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("unknown", True)


# ------------------------------------------------------------------ leaving by mail


def leave_address(made):
    return f"u+{made.unsubscribe}@{DOMAIN}"


@pytest.mark.parametrize("source", ["listener", "mailbox"])
def test_a_mail_to_the_unsubscribe_address_leaves_the_list(comes, made, reader, source):
    raw = plain("", sender=reader.address, subject="unsubscribe").replace(f"somebody@{DOMAIN}".encode(), leave_address(made).encode())
    row = comes(raw, recipient=leave_address(made) if source == "listener" else "", sender=reader.address, source=source)
    subscription = reader.subscriptions.get()
    assert (row.verdict, row.subscriber_id, subscription.state) == ("leave", reader.pk, "unsubscribed")
    assert subscription.consent.order_by("-pk").first().how == "mailto"


def test_a_wish_in_the_body_under_a_readers_name_leaves_nothing(comes, reader, suppressed):
    raw = plain("unsubscribe\nUnsubscribe me, r0@example.org", sender=reader.address, subject="unsubscribe")
    row = comes(raw, recipient=f"postmaster@{DOMAIN}", sender=reader.address)
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("unknown", True)


def test_a_wrong_token_leaves_nothing(comes, made, reader, suppressed):
    row = comes(plain("", sender=reader.address), recipient=f"u+{made.bounce}@{DOMAIN}", sender=reader.address)
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("forged", True)


def test_a_vacation_to_the_unsubscribe_address_leaves_nothing(comes, made, reader, suppressed):
    row = comes(vacation(), recipient=leave_address(made), sender="reader@example.net")
    assert (row.verdict, nothing_happened(reader, suppressed)) == ("vacation", True)


# ------------------------------------------------------------------ once, and by nobody else


def test_the_same_mail_fetched_twice_is_kept_once(comes, made):
    from syndication.delivery.bounces.models import InboundMail

    comes(dsn())
    comes(dsn())
    assert InboundMail.objects.count() == 1


def test_a_crash_between_keeping_and_reading_loses_nothing(made, reader, suppressed):
    from syndication.delivery.bounces.intake import Came, keep
    from syndication.delivery.bounces.read_inbound import read_inbound

    keep(Came("listener", "", bounce_address(made), dsn()), mail_later(0))
    assert suppressed() == []
    assert read_inbound(lambda: mail_later(0)) == 1
    assert read_inbound(lambda: mail_later(0)) == 0
    assert suppressed() == [("bounced", None)]


def test_a_person_who_was_erased_is_not_named_again(comes, made, reader, news, mailing):
    from syndication.audience.erase import erase
    from syndication.delivery.bounces.models import InboundMail
    from syndication.delivery.bounces.tidy import tidy

    erase(reader.address, now=mail_later(0))
    events = reader.events.count()
    row = comes(dsn(f"Message-ID: <{copy_tokens(mailing, reader, news).message_id}@{DOMAIN}>\n"))
    assert reader.events.count() == events
    tidy(mail_later(0))
    kept = InboundMail.objects.get(pk=row.pk)
    assert (bytes(kept.raw), kept.detail, kept.recipient) == (b"", "", "")


def test_a_bounce_of_an_address_that_the_reader_has_changed_is_not_held_against_the_new_one(comes, reader, suppressed):
    ReaderEvent.objects.create(subscriber=reader, kind="edited", detail="address changed", at=mail_later(0))
    comes(dsn())
    assert suppressed() == []


def test_old_mail_is_emptied_and_strange_mail_is_not_kept_without_end(comes, made, settings):
    from syndication.delivery.bounces.models import InboundMail
    from syndication.delivery.bounces.tidy import tidy

    comes(dsn())
    tidy(mail_later(31))
    assert bytes(InboundMail.objects.get().raw) == b""
    tidy(mail_later(500))
    assert not InboundMail.objects.exists()


def test_a_reader_is_found_by_no_other_installations_token(comes, mailing, reader, news, suppressed):
    from syndication.audience import tokens

    foreign = tokens.of_copy(mailing.pk, reader.pk, news.pk, b"another key")
    comes(dsn(), recipient=bounce_address(foreign))
    assert nothing_happened(Subscriber.objects.get(pk=reader.pk), suppressed)
