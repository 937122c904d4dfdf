"""Browsers without a screen, signed in as one of the staff."""

from django.test import Client

from syndication.campaigns.models import User

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
HOST = "news.example.org"  # the host of SYNDICATION_BASE_URL in tests


class SecureClient(Client):
    """Speaks https to the host of the tests, as a browser does."""

    def generic(self, method, path, *args, secure=True, **kwargs):
        return super().generic(method, path, *args, secure=secure, **kwargs)


def visitor(**options) -> Client:
    """Somebody who is not signed in."""
    return SecureClient(headers={"host": HOST}, **options)


def signed_in(role: str = "owner", **options) -> Client:
    """Somebody of that role."""
    client = visitor(**options)
    person, _ = User.objects.get_or_create(email=f"{role}@example.org", defaults={"role": role, "password": "!"})
    client.force_login(person, backend=BACKEND)
    return client
