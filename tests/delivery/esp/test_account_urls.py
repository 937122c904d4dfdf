"""SYNDICATION_SMTP_URL=esp+…: accounts at providers."""

import pytest

from syndication import environment
from syndication.delivery.esp.providers import PROVIDERS, arguments_of, has_idempotency
from syndication.environment import ESP_OPTIONS, EspAccount, SettingError


@pytest.mark.parametrize(
    ("url", "account"),
    [
        ("esp+postmark://:t%40k@", EspAccount("postmark", "t@k")),
        ("esp+postmark://:tk@?stream=broadcast", EspAccount("postmark", "tk", options=(("stream", "broadcast"),))),
        ("esp+mailjet://public:private@", EspAccount("mailjet", "private", "public")),
        (
            "esp+resend://:tk@?api=https://mail.example.org/&connections=9",
            EspAccount("resend", "tk", api="https://mail.example.org/", connections=9),
        ),
        ("esp+scaleway://:tk@?project=p&region=fr-par", EspAccount("scaleway", "tk", options=(("project", "p"), ("region", "fr-par")))),
    ],
)
def test_an_account_is_understood(url, account):
    assert environment.is_esp(url)
    assert environment.esp(url) == account


WRONG = [
    "esp+nobody://:geheim@",
    "esp+postmark://",
    "esp+postmark://geheim@",
    "esp+postmark://:geheim@host",
    "esp+postmark://user:geheim@",
    "esp+mailjet://:geheim@",
    "esp+scaleway://:geheim@",
    "esp+postmark://:geheim@?steam=x",
    "esp+postmark://:geheim@?api=ftp://x",
    "esp+postmark://:geheim@?api=http://mail.example.org/",
    "esp+postmark://:geheim@?connections=0",
    "esp+postmark://:geheim@?connections=many",
]


@pytest.mark.parametrize("url", WRONG)
def test_a_wrong_url_names_its_variable_and_never_shows_the_token(url):
    with pytest.raises(SettingError, match=r"^SYNDICATION_SMTP_URL=.*: .+") as caught:
        environment.esp(url)
    assert "geheim" not in str(caught.value)


def test_an_account_never_shows_its_token():
    account = environment.esp("esp+postmark://:geheim@")
    assert "geheim" not in f"{account} {account!r}"


def test_an_smtp_url_is_no_account():
    assert not environment.is_esp("smtp://mail.example.org")


def test_every_provider_of_the_settings_is_known_to_the_engine_with_its_options():
    assert {name: set(provider.options) for name, provider in PROVIDERS.items()} == {
        name: set(known) for name, known in ESP_OPTIONS.items()
    }


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_can_be_opened(name):
    from django.utils.module_loading import import_string

    user = "public" if name == "mailjet" else ""
    account = environment.esp(f"esp+{name}://{user}:tk@?api=https://mail.example.org/" + ("&project=p" if name == "scaleway" else ""))
    backend = import_string(PROVIDERS[name].backend)(**arguments_of(account))
    assert backend.api_url == "https://mail.example.org/"


def test_only_providers_with_a_key_may_be_asked_again():
    repeatable = [name for name in ESP_OPTIONS if has_idempotency(EspAccount(name, "tk"))]
    assert repeatable == ["brevo", "resend"]
