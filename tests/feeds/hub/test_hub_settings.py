"""Which hubs our feeds name, by settings."""

import pytest

from syndication.environment import SettingError, read_addresses
from syndication.feeds.hub.addresses import hub_urls


def addresses(value):
    return read_addresses({"SYNDICATION_HUBS": value}, "SYNDICATION_HUBS")


def test_hubs_stand_with_spaces_between_them_each_once():
    assert addresses("") == ()
    assert addresses(" https://a.example/  http://b.example:8080/hub?x=1 https://a.example/") == (
        "https://a.example/",
        "http://b.example:8080/hub?x=1",
    )


@pytest.mark.parametrize(
    "value", ["a.example", "ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x", 'https://a.example/">', "https://ä.example/", "https://a.example/" + "x" * 500, "https://a.example:99999/"]
)  # fmt: skip
def test_what_is_no_address_stops_the_start_and_names_itself(value):
    with pytest.raises(SettingError, match="SYNDICATION_HUBS"):
        addresses(value)


def test_the_built_in_hub_comes_first_unless_it_is_off(settings):
    settings.OUTSIDE_HUBS = ("https://a.example/", "https://news.example.org/hub")
    assert hub_urls() == ("https://news.example.org/hub", "https://a.example/")
    settings.HUB_ON, settings.OUTSIDE_HUBS = False, ()
    assert hub_urls() == ()
