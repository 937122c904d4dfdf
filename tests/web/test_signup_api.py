"""Subscribing by a program: no session, the same neutral answer and the same limits as the form, and clear words for what is wrong."""

import hashlib
import json

import pytest
from django.utils import timezone
from support.publications import make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.models import ConsentRecord, SignUp, Subscriber
from syndication.audience.signup import proof_of_work
from syndication.delivery.mailing.confirmation import plan_sign_ups

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PATH = "/api/publications/field-notes/sign-ups"


def post(client, address="new@example.org", *, remote="203.0.113.7", **more):
    return client.post(PATH, {"address": address} | more, content_type="application/json", REMOTE_ADDR=remote)


def test_a_program_needs_no_session_to_ask(client, weekly):
    response = post(client)
    assert (response.status_code, response.json()["detail"][:30]) == (202, "If this address can be subscri")
    plan_sign_ups()
    assert [(one.how, one.network, one.wording) for one in ConsentRecord.objects.all()] == [("api", "ipv4", None)]


def test_the_form_is_described_and_its_words_come_back_as_consent(client, weekly):
    shown = client.get(PATH).json()
    assert [one["slug"] for one in shown["lists"]] == ["weekly"]
    assert shown["wording"] == hashlib.sha256(shown["words"].encode()).hexdigest()
    assert post(client, wording=shown["wording"]).status_code == 202
    assert SignUp.objects.get().wording.text == shown["words"]


def test_words_that_nobody_knows_are_refused(client, weekly):
    response = post(client, wording="0" * 64)
    assert response.status_code == 422
    assert "wording: this version is unknown" in response.json()["detail"]


def test_the_answer_is_the_same_for_a_new_and_a_confirmed_address(client, weekly):
    subscribe.add(subscribe.Person("mara@example.org"), to=weekly, confirmed=True, how="staff", now=timezone.now())
    new, known = post(client), post(client, "mara@example.org")
    assert (new.status_code, new.content, sorted(new.headers.items())) == (known.status_code, known.content, sorted(known.headers.items()))


def test_a_private_list_is_as_unknown_as_one_that_never_was(client, publication, weekly):
    make_list(publication, "staff-only", is_public=False)
    private, missing = (post(client, lists=[slug]).json()["detail"] for slug in ("staff-only", "never-there"))
    assert private.replace("staff-only", "never-there") == missing
    assert not SignUp.objects.exists()


def test_where_there_are_several_lists_they_must_be_named(client, publication, weekly):
    make_list(publication, "monthly")
    response = post(client)
    assert (response.status_code, response.json()["detail"]) == (422, "lists: name at least one; the open lists are: weekly, monthly.")
    assert post(client, lists=["monthly"]).status_code == 202


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{", "Cannot parse request body"),
        ("[]", "Field required"),
        ("{}", "Field required"),
        (json.dumps({"address": 7}), "valid string"),
        (json.dumps({"address": "nobody"}), "@-sign"),
        (json.dumps({"address": "a\u200b@example.org"}), "ZERO WIDTH SPACE"),
        ('{"address": "\\ud800@example.org"}', "address"),
        (json.dumps({"address": "a" * 3_000}), "at most 2000"),
        (json.dumps({"address": "a@example.org", "lists": ["x"] * 60}), "at most 50"),
        (json.dumps({"address": "a@example.org", "proof": {"challenge": "x"}}), "answer"),
    ],
)
def test_wrong_input_is_told_clearly_and_keeps_nothing(client, weekly, body, said):
    response = client.post(PATH, body, content_type="application/json")
    assert response.status_code in {400, 422}
    assert said in response.json()["detail"]
    assert not SignUp.objects.exists()


def test_an_unknown_publication_is_not_found(client):
    assert (
        client.post("/api/publications/nobody/sign-ups", {"address": "a@example.org"}, content_type="application/json").status_code == 404
    )


def test_the_limits_are_those_of_the_form(client, weekly, settings):
    settings.SIGNUP_LIMITS = {"network": 1}
    assert post(client).status_code == 202
    response = post(client, "other@example.org")
    assert (response.status_code, "later" in response.json()["detail"]) == (429, True)
    assert 1 <= int(response["Retry-After"]) <= 3600
    assert post(client, "other@example.org", remote="203.0.114.7").status_code == 202


def test_under_attack_a_program_solves_a_challenge_of_its_publication_once(client, publication, weekly, settings):
    settings.SIGNUP_LIMITS = {"proof": 1}
    make_list(make_publication("tides"), "tides-weekly")
    assert [post(client, f"r{n}@example.org").status_code for n in range(3)] == [202, 202, 428]
    asked = post(client).json()["challenge"]
    assert (asked["algorithm"], asked["zero_bits"]) == ("SHA-256", proof_of_work.BITS)
    proof = {"challenge": asked["challenge"], "answer": proof_of_work.solve(asked["challenge"])}
    assert post(client, proof=proof | {"answer": "0"}).status_code == 428
    assert post(client, proof=proof).status_code == 202
    assert post(client, proof=proof).status_code == 428
    assert client.get(PATH).status_code == 200


def test_asking_writes_nobody_down_before_the_mail_queue_does(client, weekly):
    post(client)
    assert not Subscriber.objects.exists()
