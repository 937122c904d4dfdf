"""The sample bounces that ship with flufl.bounce: right addresses, right class, and only our token makes them act on anybody."""

from datetime import UTC, datetime

import pytest
from support.flufl_samples import expectations, samples
from support.returned_mail import bounce_address

from syndication.delivery.bounces.letters.condensing import condensed
from syndication.delivery.bounces.letters.judging import judge
from syndication.delivery.bounces.letters.letter import open_letter
from syndication.delivery.bounces.letters.verdicts import Verdict

pytestmark = pytest.mark.processes  # pip fetches them once
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)

HARD, SOFT, FAULT, DELAY = "hard", "soft", "sender's fault", "delay"
CLASSES = {  # read by a person, one by one
    HARD: """bounce_02 dsn_10 dsn_11 dsn_12 dsn_13 dsn_14 dsn_16 dsn_18 exim_01 groupwise_01 groupwise_02 microsoft_01 microsoft_02 microsoft_04
        postfix_01 qmail_03 qmail_04 qmail_05 simple_04 simple_05 simple_06 simple_08 simple_11 simple_15 simple_19 simple_23 simple_25 simple_26
        simple_27 simple_29 simple_30 simple_33 simple_34 simple_36 simple_39 simple_41 smtp32_04 smtp32_06 yahoo_11 yahoo_13""",
    SOFT: """bounce_03 caiwireless_01 dsn_01 dsn_02 dsn_03 dsn_04 dsn_15 hotpop_01 llnl_01 microsoft_03 netscape_01 newmailru_01 postfix_02
        postfix_03 postfix_04 postfix_05 qmail_01 qmail_02 qmail_06 qmail_07 sendmail_01 simple_01 simple_02 simple_07 simple_09 simple_10 simple_12
        simple_13 simple_14 simple_16 simple_17 simple_18 simple_20 simple_24 simple_31 simple_32 simple_37 simple_38 simple_44 simple_45 sina_01
        smtp32_01 smtp32_02 smtp32_03 smtp32_05 smtp32_07 yahoo_01 yahoo_02 yahoo_03 yahoo_04 yahoo_05 yahoo_06 yahoo_07 yahoo_08 yahoo_09 yahoo_10
        yahoo_12 yale_01""",
    FAULT: "aol_01 dsn_09 simple_42",
    DELAY: "dsn_05 dsn_06 dsn_07 dsn_08 dsn_17 simple_03 simple_21 simple_22 simple_28 simple_35 simple_40",
    "vacation": "qmail_08",
    "unknown": "bounce_01 dumbass_01 groupwise_03 simple_43",  # no bounce, or one in which flufl.bounce finds no address
}
CLASS_OF = {name: kind for kind, names in CLASSES.items() for name in names.split()}
ADDRESS_IN_ITS_OWN_FIELD = {"simple_42": frozenset({"david...@gmail.com"})}  # X-Failed-Recipients; flufl.bounce tests the text alone


@pytest.fixture
def sample(request):
    found = samples().get(request.param)
    if found is None:
        pytest.skip("flufl.bounce's sample bounces are not here: pip could not fetch its source distribution")
    return request.param, found


def class_of(raw):
    judgement = judge(open_letter(raw), raw)
    return (HARD if judgement.is_hard else SOFT) if judgement.what is Verdict.BOUNCE else judgement.what.value


every_sample = pytest.mark.parametrize("sample", sorted(CLASS_OF), indirect=True)


def test_the_table_names_every_sample():
    if samples():
        assert (len(CLASS_OF), set(CLASS_OF)) == (117, set(samples()))


@every_sample
def test_the_right_addresses_are_found(sample):
    name, raw = sample
    wanted = ADDRESS_IN_ITS_OWN_FIELD.get(name) or expectations().get(name, (frozenset(), False))[0]
    assert set(judge(open_letter(raw), raw).addresses) == set(wanted)


@every_sample
def test_the_right_class_is_found(sample):
    name, raw = sample
    assert class_of(raw) == CLASS_OF[name]
    assert expectations().get(name, ((), CLASS_OF[name] == DELAY))[1] == (CLASS_OF[name] == DELAY)


@every_sample
def test_it_is_the_same_with_the_line_ends_of_the_wire_and_cut_for_keeping(sample):
    _, raw = sample
    wire = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert class_of(wire) == class_of(condensed(wire + b"\r\n" * 200_000)) == class_of(raw)


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.parametrize("with_token", [True, False])
def test_only_those_with_our_token_act_and_only_on_its_reader(comes, made, reader, suppressed, with_token):
    from syndication.audience.models import ReaderEvent, Subscriber, Suppression

    if not samples():
        pytest.skip("flufl.bounce's sample bounces are not here: pip could not fetch its source distribution")
    verdicts = {}
    for name, raw in sorted(samples().items()):
        ReaderEvent.objects.all().delete()
        Suppression.objects.all().delete()
        Subscriber.objects.update(bounce_score=0, bounced_at=None)
        row = comes(raw, recipient=None if with_token else "postmaster@weekly.example.org")
        verdicts[name] = row.verdict
        kinds = list(ReaderEvent.objects.values_list("subscriber", "kind"))
        happened = {HARD: "hard bounce", SOFT: "soft bounce", FAULT: "sender's fault"}.get(CLASS_OF[name]) if with_token else None
        assert kinds == ([(reader.pk, happened)] if happened else []), name
        assert suppressed() == ([("bounced", None)] if happened == "hard bounce" else []), name
        assert Suppression.objects.count() == len(suppressed()), name
    assert bounce_address(made)
    if not with_token:
        assert {verdicts[name] for name, kind in CLASS_OF.items() if kind in {HARD, SOFT, FAULT}} == {"unknown"}
