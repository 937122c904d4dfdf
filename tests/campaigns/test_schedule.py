import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.campaigns.schedule import BadSchedule, schedule

ZONES = zoneinfo.available_timezones()
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(typed, zone="Europe/Berlin", now=NOW):
    return schedule(typed, zone, now=now, zones=ZONES)


def test_wall_time_is_meant_in_the_zone():
    assert at("2026-12-01T09:00").moment == datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
    assert at("2026-07-01 09:00").moment == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


def test_an_offset_says_the_moment_itself():
    assert at("2026-12-01T09:00Z").moment == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
    assert at("2026-12-01T09:00+05:30").moment == datetime(2026, 12, 1, 3, 30, tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_is_refused_with_the_next_one_that_exists():
    with pytest.raises(BadSchedule, match=r"does not exist in Europe/Berlin.*03:30"):
        at("2026-03-29T02:30")


def test_an_hour_that_comes_twice_is_the_first_one_and_says_so():
    found = at("2026-10-25T02:30")
    assert found.moment == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert "happens twice" in found.remark


@pytest.mark.parametrize("typed", ["2026-02-28T09:00", "2026-03-01T13:00"])
def test_the_past_and_the_present_minute_are_refused(typed):
    with pytest.raises(BadSchedule, match="in the past"):
        at(typed)


@pytest.mark.parametrize("zone", ["", "Berlin", "Mars/Olympus", "Europe/Berlin\n", "../etc/passwd"])
def test_an_unknown_zone_is_refused(zone):
    with pytest.raises(BadSchedule, match="no time zone"):
        at("2026-12-01T09:00", zone)


@pytest.mark.parametrize("typed", ["", "tomorrow", "2026-13-01T09:00", "2026-02-30T09:00", "2026-12-01T25:00"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(BadSchedule, match="no date and time"):
        at(typed)


def test_a_year_with_a_slip_of_the_finger_is_refused():
    with pytest.raises(BadSchedule, match="is the year right"):
        at("2226-12-01T09:00")


@given(st.datetimes(NOW.replace(tzinfo=None) + timedelta(days=1), datetime(2029, 1, 1)), st.sampled_from(sorted(ZONES)))  # noqa: DTZ001
def test_every_wall_time_in_every_zone_is_that_wall_time_or_refused(wall, zone):
    typed = wall.replace(second=0, microsecond=0).isoformat()
    try:
        found = at(typed, zone)
    except BadSchedule:
        return
    assert found.moment.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None).isoformat() == typed
