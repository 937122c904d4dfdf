"""Which servers serve whom, and what happens when one is away."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from support.publications import make_publication

from syndication.delivery.servers import change
from syndication.delivery.servers.change import Wish
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.servers.routing import note_away, note_back, route

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def publication():
    return make_publication()


def add(name, **wish):
    return change.add(Wish(f"smtp://{name}.example.org:587?tls=starttls", name, **wish))


def names(publication):
    return [server.name for server in route(publication.pk).servers]


def let_time_pass():
    """What happens when every pause is over."""
    SmtpServer.objects.filter(away_until__isnull=False).update(away_until=datetime.now(UTC) - timedelta(seconds=1))


def pause_of(until):
    return round((until - datetime.now(UTC)).total_seconds())


def test_without_servers_the_one_of_the_environment_serves(publication):
    (only,) = route(publication.pk).servers
    assert (only.id, only.name, only.address) == (0, "default", settings.SMTP)


def test_servers_for_all_take_its_place(publication):
    add("one", weight=3)
    add("two")
    assert names(publication) == ["one", "two"]
    shared = route(publication.pk).shares(400, turn=0)
    assert sorted(shared.values()) == [100, 300]


def test_a_publication_with_a_server_of_its_own_uses_only_that(publication):
    add("general")
    add("own", publication=publication)
    other = make_publication(slug="other")
    assert names(publication) == ["own"]
    assert names(other) == ["general"]


def test_another_publications_server_takes_no_place(publication):
    add("own", publication=make_publication(slug="other"))
    assert names(publication) == ["default"]


def test_a_paused_server_is_left_out_until_it_is_resumed(publication):
    add("one")
    add("two")
    change.pause("one")
    assert names(publication) == ["two"]
    change.resume("one")
    assert names(publication) == ["one", "two"]


def test_a_server_that_is_away_rests_and_the_other_takes_over(publication):
    add("one")
    add("two")
    until = note_away(route(publication.pk).servers[0], "421 4.3.2 closing")
    assert pause_of(until) in {4, 5}
    assert names(publication) == ["two"]


def test_when_all_are_away_the_reason_and_the_time_are_told(publication):
    add("one")
    add("two")
    for server in route(publication.pk).servers:
        first = note_away(server, f"{server.name} refused the connection")
        change.pause("two")
    found = route(publication.pk)
    assert found.servers == ()
    assert "one refused the connection" in found.why_none
    assert "two is paused" in found.why_none
    assert found.back_at <= first


def test_the_pause_doubles_each_time_and_is_short_again_after_a_message(publication):
    add("one")
    pauses = []
    for _ in range(6):
        pauses.append(pause_of(note_away(route(publication.pk).servers[0], "away")))
        let_time_pass()
    assert all(abs(found - expected) <= 1 for found, expected in zip(pauses, [5, 10, 20, 40, 60, 60], strict=True))
    (server,) = route(publication.pk).servers
    assert server.times_away == 6
    note_back(server)
    assert abs(pause_of(note_away(route(publication.pk).servers[0], "away")) - 5) <= 1


def test_many_senders_that_see_one_fall_lengthen_the_pause_once(publication):
    add("one")
    (server,) = route(publication.pk).servers
    assert len({note_away(server, "away") for _ in range(10)}) == 1
    assert SmtpServer.objects.get().times_away == 1


def test_the_server_of_the_environment_rests_too(publication):
    note_away(route(publication.pk).servers[0], "connection refused")
    found = route(publication.pk)
    assert (found.servers, "default rests until" in found.why_none, "connection refused" in found.why_none) == ((), True, True)
    let_time_pass()
    (server,) = route(publication.pk).servers
    assert (server.id, server.times_away) == (0, 1)
    note_back(server)
    assert route(publication.pk).servers[0].times_away == 0


def test_a_server_that_was_removed_meanwhile_is_no_error(publication):
    add("one")
    (server,) = route(publication.pk).servers
    change.remove("one")
    assert note_away(server, "away") > datetime.now(UTC)
    note_back(server)
    assert names(publication) == ["default"]


def test_a_person_can_call_a_resting_server_back(publication):
    add("one")
    note_away(route(publication.pk).servers[0], "away")
    change.resume("one")
    assert names(publication) == ["one"]


# ---------------------------------------------------------------- passwords


def address(publication):
    return route(publication.pk).servers[0].address


def test_a_password_is_kept_locked_and_used(publication):
    change.add(Wish("smtp://user:s3cret@mail.example.org", "one"))
    row = SmtpServer.objects.get()
    assert "s3cret" not in str(row.__dict__)
    assert address(publication).password == "s3cret"
    assert "s3cret" not in repr(route(publication.pk))


def test_a_password_may_stand_in_a_file_and_is_read_anew(publication, tmp_path):
    path = tmp_path / "password"
    path.write_text("first\n")
    change.add(Wish("smtp://user@mail.example.org", "one", password_from=f"file:{path}"))
    assert address(publication).password == "first"
    path.write_text("second\n")
    assert address(publication).password == "second"


def test_a_password_may_stand_in_the_environment(publication, monkeypatch):
    monkeypatch.setenv("RELAY_PASSWORD", "from outside")
    change.add(Wish("smtp://user@mail.example.org", "one", password_from="env:RELAY_PASSWORD"))
    assert address(publication).password == "from outside"


def test_a_server_whose_password_is_missing_is_left_out_and_says_so(publication):
    change.add(Wish("smtp://user@mail.example.org", "one", password_from="file:/nowhere/password"))
    found = route(publication.pk)
    assert found.servers == ()
    assert "one cannot be used: its password cannot be read from file:/nowhere/password" in found.why_none
    add("two")
    assert names(publication) == ["two"]


def test_a_password_sealed_with_another_secret_key_is_no_crash(publication, settings):
    change.add(Wish("smtp://user:s3cret@mail.example.org", "one"))
    settings.SECRET_KEY = "another key of the same installation, restored wrongly"
    assert "sealed with another secret key" in route(publication.pk).why_none
