"""Whatever a template does, and whatever a reader is called, the prepared way gives the bytes of the plain way, and good ones."""

import email
import email.policy
import re
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.header_words import one_line
from syndication.rendering.mail_headers import Links
from syndication.rendering.merge import Answers, Encoding, Shapes, compile_merge, compile_pieces, reader_fields
from syndication.rendering.merge.sandbox import printable
from syndication.rendering.merge.shapes import EndsInNothing
from syndication.rendering.message import CompiledMailing, Envelope
from syndication.rendering.quoted_printable import encode_pieces
from syndication.rendering.reader import Reader, ReaderRow, reader_from

MOMENT = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
PAGE = "https://n.example/a/letter/pond/?a=1&b=2"
ENVELOPE = Envelope("Garten", "post@n.example", "", "n.example", "weekly.n.example", "Wochenbrief")
MESSAGE_ID = "0a1b@n.example"


@dataclass(frozen=True)
class Sources:
    """The three sources of a mailing."""

    subject: str
    html: str
    text: str


# ------------------------------------------------------------------ templates

texts = st.one_of(
    st.sampled_from(
        [
            " ", "\n", "\n.\n", ".", "..", "\n.hidden", "From here\n", "\nFrom there", "100 % of %s %(a)d %%", "{ a } }} %}", "=3D=", "<p>", '<a href="', '">', "</a>\n",
            "é", "Grüße", "日本語", "\U0001f600" * 30, "x" * 75, "y" * 76, "z" * 77, "wide " * 40, "tab\t\n", "blank \n", "a\r\nb", "&amp;", "'\"", "\u00a0", "\u2028",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="{}%#\r"), max_size=30),
)  # fmt: skip
paths = st.sampled_from(
    [
        "subscriber.first_name", "subscriber.last_name", "subscriber.name", "subscriber.address", "subscriber.email", "subscriber.locale",
        "subscriber['name']", "subscriber.attributes.plan", "subscriber.attributes.topics", "subscriber.attributes.age", "subscriber.attributes.flag",
        "subscriber.attributes.home.city", "subscriber.attributes['odd key']", "subscriber.attributes.topics[0]", "subscriber.attributes.plan[:3]",
        "publication.name", "unsubscribe_url", "page_url", "confirm_url", "preferences_url", "item", "v", "loop.index", "loop.last", '"fixed"', "7", "-2.5", "true", "none",
        '["a", "b"]', "subscriber.attributes.age + 1", "subscriber.attributes.age / 3", "subscriber.name * 2", "subscriber.name[1]",
    ]
)  # fmt: skip
filters = st.sampled_from(
    [
        'default("there")', 'd("é & <b>")', "default(subscriber.name)", 'default("x", true)', 'default(default_value="y")', "default(3)", "upper", "lower", "title",
        "capitalize", "trim", "truncate(5)", "truncate(length=9)", "length", 'join(", ")', "first", "last", "round(1)", "int", "int(4)", "float", 'replace("a", "%b")',
        'replace("e", ".")', "e", "escape",
    ]
)  # fmt: skip
tests = st.sampled_from(["defined", "undefined", "none", "string", "number", "odd", "divisibleby(3)", 'in(["pro", "free"])', 'eq("pro")'])
filtered = st.builds(lambda path, names: " | ".join([path, *names]), paths, st.lists(filters, max_size=3))
expressions = st.recursive(
    filtered,
    lambda inner: st.one_of(
        st.builds("({} ~ {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "==", "!=", "<", "in", "+"]), inner),
        st.builds("(not {})".format, inner),
        st.builds("({} is {})".format, inner, tests),
        st.builds("({}) | {}".format, inner, filters),
    ),
    max_leaves=3,
)
friendly = st.builds('{} | default("…")'.format, paths)
printed = st.builds("{{{{ {} }}}}".format, friendly | friendly | expressions)


def sequence(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(parts, max_size=5).map("".join)


fragments = st.recursive(
    texts | printed | st.just("{% raw %}{{ raw }} {% if %}{% endraw %}") | st.just("{# a remark #}"),
    lambda inner: st.one_of(
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, paths | expressions, sequence(inner), sequence(inner)),
        st.builds("{{% if {} %}}{}{{% elif {} %}}{}{{% endif %}}".format, paths, sequence(inner), paths, sequence(inner)),
        st.builds(
            "{{% for item in {} %}}{}{{% else %}}{}{{% endfor %}}".format,
            st.sampled_from(
                ["subscriber.attributes.topics", "subscriber.name", '["x", "y"]', "v", "subscriber.attributes.topics if item != 'moss'"]
            ),
            sequence(inner),
            sequence(inner),
        ),
        st.builds("{{%- set v = {} -%}}{}".format, expressions, inner),
    ),
    max_leaves=12,
)
bodies = sequence(fragments).map('{{% set v = "set" %}}{{% set item = 1 %}}{}'.format) | sequence(texts) | sequence(texts | printed)
subjects = sequence(
    printed | st.sampled_from(["News", "Grüße ", "Für ", " – ", "a" * 80, "=?utf-8?q?x?=", "{% if subscriber.name %}Hi{% endif %}"])
)

# ------------------------------------------------------------------ readers

hostile = st.one_of(
    st.sampled_from(
        [
            "", "Ada Lovelace", "Ada", "Zoë Müller", "  Ada   L  ", "\r\nBcc: all@example.org", "{{ 7 * 7 }}", "{% raw %}", "<script>", "a@b.example", "=?utf-8?q?x?=",
            "\u202eevil", "a\0b", "\ud800", ".", "..\n.", "From ", "%s%d", "x" * 3000, "é" * 300, "\U0001f468\u200d\U0001f469", "O'Neill-Smith Jr.", "www.x.example", "tab\tx", "a\u2028b",
        ]
    ),
    st.text(max_size=40),
    st.text(st.sampled_from("a\r\n\0 .=%{}<&\"'\u202e\ud800é\u00a0"), max_size=80),
)  # fmt: skip
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["city", "x", "odd key"]), inner, max_size=2),
    max_leaves=6,
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "plan": st.sampled_from(["pro", "free", 1, True, 1.0]) | json,
        "topics": st.lists(st.sampled_from(["moss", "ferns", "&", "é."]), max_size=4) | json,
        "age": st.integers(0, 120) | json,
        "flag": st.booleans() | json,
        "home": json,
        "odd key": json,
        "first_name": hostile,
        "last_name": json,
    },
)
tokens = st.sampled_from(["0a1b2c3d", "0" * 46, "f" * 60])


def links_of(token: str, page: str = PAGE) -> Links:
    url = f"https://n.example/u/{token}/"
    return Links(
        url, url, f"mailto:u+{token}@n.example?subject=unsubscribe", page, f"https://n.example/c/{token}/", f"https://n.example/p/{token}/"
    )


rows = st.builds(
    ReaderRow,
    subscriber_id=st.integers(1, 2**40),
    address=st.sampled_from(
        ["ada@example.org", "o'neill@mail.example.org", "a.b+c@sub.example.co.uk", '"odd one"@example.org', "x@gärten.example"]
    ),
    name=hostile | st.sampled_from(["Ada", "Ada Lovelace", "Dr. A. B. Smith-Jones", "From Here", "a" * 75, "a" * 76, "ends in a blank "]),
    attributes=attributes,
    locale=st.sampled_from(["", "de-AT", "en"]),
)
readers = st.lists(st.tuples(rows, tokens), min_size=1, max_size=4)


def reader_of(row: ReaderRow) -> Reader:
    return reader_from(row.address, row.name, row.attributes, row.locale)


def with_crlf(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\r\n", re.sub("[\ud800-\udfff]", "\ufffd", text))


def compiled(sources: Sources) -> CompiledMailing:
    try:
        return CompiledMailing(sources, ENVELOPE, uid="4711")
    except BadTemplate:
        assume(False)  # noqa: FBT003  # hypothesis takes it so
        raise


def parsed(octets: bytes):
    return email.message_from_bytes(octets, policy=email.policy.default)


def payload(message, kind: str) -> str:
    return message.get_body((kind,)).get_payload(decode=True).decode("utf-8")


sources = st.builds(Sources, subject=subjects, html=bodies, text=bodies)


@settings(max_examples=100)
@given(sources, readers)
def test_each_message_reads_back_as_the_plain_templates_filled_and_fails_exactly_where_they_fail(given_sources, given_readers):
    mailing = compiled(given_sources)
    subject = compile_merge(given_sources.subject, where="subject", markup=False, brand={})
    for row, token in given_readers:
        reader, links = reader_of(row), links_of(token)
        try:
            plain = subject.fill(reader, links.as_values()), mailing.html(reader, links), mailing.text(reader, links)
        except BadTemplate:
            with pytest.raises(BadTemplate):
                mailing.parts_for(row, links, MESSAGE_ID, MOMENT)
            continue
        own, pieces = mailing.parts_for(row, links, MESSAGE_ID, MOMENT)
        body = b"".join(pieces)
        octets = mailing.shared_headers + own + b"\r\n" + body
        message = parsed(octets)
        assert payload(message, "html") == with_crlf(plain[1])
        assert payload(message, "plain") == with_crlf(plain[2])
        assert message["Subject"] == one_line(plain[0])
        assert octets == mailing.compose(reader, links, message_id=MESSAGE_ID, date=MOMENT)
        assert_good(octets, body)


def assert_good(octets: bytes, body: bytes) -> None:
    assert re.fullmatch(rb"(?:[\t -~]|\r\n)*", octets), "pure ASCII, CRLF only"
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r\n." not in octets
    assert not octets.startswith(b".")
    assert body.endswith(b"--\r\n")
    fields = [line.partition(b":")[0] for line in octets.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] != b" "]
    assert fields == [
        b"From", b"MIME-Version", b"Content-Type", b"List-Id", b"List-Unsubscribe-Post", b"Feedback-ID", b"Precedence",
        b"To", b"Subject", b"List-Unsubscribe", b"Date", b"Message-ID",
    ]  # fmt: skip


as_text = Encoding(fixed=str, ended=str, printed=lambda value: str(printable(value)), once=str)


@settings(max_examples=100)
@given(bodies, readers)
def test_the_prepared_way_never_needs_the_plain_one_where_that_succeeds(source, given_readers):
    try:
        plain = compile_merge(source, where="text", markup=False, brand={})
    except BadTemplate:
        assume(False)  # noqa: FBT003  # hypothesis takes it so
    shapes = Shapes([[compile_pieces(source, where="text", markup=False, encoding=as_text, links={"page_url": PAGE})]])
    for row, token in given_readers:
        try:
            expected = plain.fill(reader_of(row), links_of(token).as_values())
        except BadTemplate:
            continue
        try:
            (pieces,) = shapes.fill(Answers(row, links_of(token)))
        except EndsInNothing:  # the one case in which the plain way is asked on purpose
            continue
        assert "".join(pieces) == expected


@settings(max_examples=60)
@given(bodies, readers)
def test_the_bytes_are_those_of_the_plain_pieces_encoded_one_by_one(source, given_readers):
    mailing = compiled(Sources("x", source, source))
    text, html = (compile_merge(source, where="part", markup=markup, brand={}) for markup in (False, True))
    for row, token in given_readers:
        fields, values = reader_fields(reader_of(row)), links_of(token).as_values()
        try:
            expected = [encode_pieces(template.pieces_from(fields, values)) for template in (text, html)]
        except BadTemplate:
            continue
        body = b"".join(mailing.parts_for(row, links_of(token), MESSAGE_ID, MOMENT)[1])
        first, second = (part.partition(b"\r\n\r\n")[2] for part in body.split(b"\r\n--=_")[:2])
        assert [first, second] == expected


def test_a_latin_newsletter_is_at_most_a_twelfth_longer_than_its_text(letter):
    octets = letter.message
    unencoded = len(octets) - sum(len(part.get_payload()) for part in parsed(octets).iter_parts())
    unencoded += sum(len(part.get_payload(decode=True)) for part in parsed(octets).iter_parts())
    assert len(octets) <= 1.08 * unencoded
