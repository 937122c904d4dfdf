"""Sends mail to staff (a password reset, say) through the provider that takes all other mail."""

from collections.abc import Sequence
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

from syndication.delivery.esp.providers import PROVIDERS, arguments_of
from syndication.environment import EspAccount


class EmailBackend(BaseEmailBackend):
    """django-anymail's backend of the account in the settings."""

    def __init__(self, *, fail_silently: bool = False, **_: Any) -> None:
        """Take the account of the settings."""
        super().__init__(fail_silently=fail_silently)
        account = cast("EspAccount", settings.ESP)  # this back end is chosen only where there is one
        backend = import_string(PROVIDERS[account.provider].backend)
        self._backend = backend(fail_silently=fail_silently, **arguments_of(account))

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """As Django asks for; how many were sent."""
        return int(self._backend.send_messages(email_messages))
