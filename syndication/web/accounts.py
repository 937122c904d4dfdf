"""Sign-in for staff: one-time links, and no open sign-up."""

from datetime import datetime

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from syndication.campaigns.models import User

LARGEST_ID = 2**63 - 1  # what a bigint column holds


class StaffOnlyAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by an owner or `syndication user create`, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Closed."""
        return False


class SignInTokens(PasswordResetTokenGenerator):
    """Signed marks that die with the next sign-in, a new password, or after settings.PASSWORD_RESET_TIMEOUT seconds."""

    key_salt = "syndication.web.accounts.SignInTokens"

    def _make_hash_value(self, user: AbstractBaseUser, timestamp: int) -> str:
        """Bind to the exact last sign-in: Django's own token drops the microseconds, which lets a link live on within one second."""
        last = user.last_login.isoformat() if user.last_login else "never"
        return f"{user.pk}|{user.password}|{last}|{timestamp}|{user.get_username()}"


_tokens = SignInTokens()


def sign_in_link(user: User) -> str:
    """The absolute URL that signs `user` in once, within settings.PASSWORD_RESET_TIMEOUT seconds, if nobody signs in as them before."""
    key = f"{int_to_base36(user.pk)}-{_tokens.make_token(user)}"
    return settings.BASE_URL.rstrip("/") + reverse("studio:sign_in_once", args=[key])


def owner_of(key: str) -> User | None:
    """The active user whose live sign-in link ends in `key` ("<id in base 36>-<token>"); None for a wrong, old or used one."""
    user_id, _, token = key.partition("-")
    try:
        number = base36_to_int(user_id)
    except ValueError:
        return None
    if number > LARGEST_ID:
        return None
    user = User.objects.filter(pk=number, is_active=True).first()
    return user if user and _tokens.check_token(user, token) else None


def use_up(user: User, now: datetime) -> bool:
    """Spend the link of `user` as read from the table; False when another request was first, so that two clicks make one session."""
    same = {"last_login": user.last_login} if user.last_login else {"last_login__isnull": True}
    return User.objects.filter(pk=user.pk, is_active=True, **same).update(last_login=now) == 1
