"""One kept HTTP session to a provider; every error says whether the message may have been taken."""

from typing import Any

import requests
from anymail.exceptions import AnymailAPIError, AnymailConfigurationError, AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from syndication.delivery.esp import wire
from syndication.delivery.esp.errors import LostAfterRequest, LostBeforeRequest, ServerAway
from syndication.delivery.esp.letter import Letter, NoLetter, letter_from
from syndication.delivery.esp.providers import PROVIDERS, arguments_of, key_headers
from syndication.delivery.esp.statuses import answer_to, said_in
from syndication.delivery.esp.wire import Progress
from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.parcel import Parcel
from syndication.environment import EspAccount

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 120.0  # gateways give up after 60 to 100 s; a shorter wait makes doubt
TOO_MANY = 429
TAKEN = frozenset({"sent", "queued"})  # in anymail's words


class Connection:
    """A session for one thread at a time, opened at the first delivery."""

    def __init__(self, account: EspAccount, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Know the account; raises ServerAway when its options cannot be used."""
        self.account = account
        self.retry_after_seconds = 0.0
        """What the provider last asked for with a 429; 0 when the last answer was another one."""
        self._provider = PROVIDERS[account.provider]
        try:
            backend = import_string(self._provider.backend)
            self._backend: Any = backend(timeout=(CONNECT_SECONDS, answer_seconds), **arguments_of(account))
        except AnymailConfigurationError as error:
            raise ServerAway(f"{account} cannot be used: {error}") from error

    def deliver(self, parcel: Parcel, *, idempotency_key: str = "") -> Answer:
        """Hand one message over; the provider's clear answer.

        idempotency_key  the same at every attempt of one delivery; its Message-ID when not given
        Raises ServerAway, LostBeforeRequest, LostAfterRequest.
        """
        self.retry_after_seconds = 0.0
        try:
            letter = letter_from(parcel)
        except NoLetter as error:
            return Answer(Stage.MAIL, 554, f"5.6.0 {error}")
        in_request, in_message = key_headers(self._provider, idempotency_key or letter.message_id)
        return self._post(self._message(letter, in_message), in_request)

    def close(self) -> None:
        """Close the session."""
        self._backend.close()

    # ------------------------------------------------------------------ inside
    def _message(self, letter: Letter, more_headers: dict[str, str]) -> EmailMultiAlternatives:
        kept = {name: value for name, value in letter.headers.items() if name.lower() not in self._provider.left_out}
        headers = {**kept, **self._provider.extra_headers, **more_headers}
        message = EmailMultiAlternatives(
            letter.subject, letter.text, letter.sender, [letter.recipient], headers=headers, reply_to=list(letter.reply_to)
        )
        if letter.html:
            message.attach_alternative(letter.html, "text/html")
        # its notices about this message carry it back to us (web/hooks.py), also where the provider makes a Message-ID of its own
        message.metadata = {"copy": letter.message_id.strip("<>").partition("@")[0]}  # type: ignore[attr-defined]  # anymail's own field
        if self._provider.has_tracking_switch:
            message.track_opens = message.track_clicks = False  # type: ignore[attr-defined]  # anymail's own fields
        return message

    def _post(self, message: EmailMultiAlternatives, headers: dict[str, str]) -> Answer:
        if self._backend.open():
            wire.watch(self._backend.session)
        self._backend.session.headers.update(headers)
        wire.start_request()
        try:
            self._backend.send_messages([message])
        except AnymailRecipientsRefused as error:
            return Answer(Stage.RCPT, 550, f"refused: {said_in(_body(error))}")
        except AnymailInvalidAddress as error:
            return Answer(Stage.RCPT, 553, f"5.1.3 {said_in(str(error))}")
        except AnymailAPIError as error:
            return self._answer(error)
        except Exception as error:
            if wire.progress() is Progress.UNSENT:  # this message cannot be told to this provider
                return Answer(Stage.MAIL, 554, f"5.6.0 {said_in(str(error))}")
            raise LostAfterRequest(f"{self.account} answered something that cannot be read: {said_in(repr(error))}") from error
        return self._receipt(message)

    def _receipt(self, message: EmailMultiAlternatives) -> Answer:
        """The answer that a success with its receipt is; one without is doubt."""
        status = message.anymail_status  # type: ignore[attr-defined]  # anymail's own field
        states = {one or "unknown" for one in status.status or ()}
        if states & TAKEN:
            return Answer(Stage.DOT, 250, f"2.0.0 {'/'.join(sorted(states))} as {status.message_id}")
        if "failed" in states:
            return Answer(Stage.MAIL, 554, f"5.6.0 {said_in(status.esp_response.text)}")
        raise LostAfterRequest(f"{self.account} answered without a receipt: {said_in(status.esp_response.text)}")

    def _answer(self, error: AnymailAPIError) -> Answer:
        """What an answer that is no success, or no answer, means."""
        response = error.response
        if response is None:
            raise self._broken(error) from error
        if response.ok:
            raise LostAfterRequest(
                f"{self.account} answered {response.status_code} with something that is no receipt: {said_in(_body(error))}"
            )
        retry_after = response.headers.get("Retry-After", "")
        if response.status_code == TOO_MANY:
            self.retry_after_seconds = float(retry_after) if retry_after.isdigit() else 1.0  # RFC 9110 10.2.3
        try:
            return answer_to(response.status_code, _body(error), retry_after=retry_after if retry_after.isdigit() else "")
        except (ServerAway, LostAfterRequest) as known:
            raise type(known)(f"{self.account} {known}") from error

    def _broken(self, error: AnymailAPIError) -> ServerAway | LostBeforeRequest | LostAfterRequest:
        cause = error.__cause__
        why = f"{self.account}: {said_in(str(cause or error))}"
        if wire.progress() is Progress.UNSENT or _never_connected(cause):
            return ServerAway(f"{why}; it cannot be reached.")
        if isinstance(cause, requests.TooManyRedirects):
            return ServerAway(f"{why}; the API's address redirects, give its final one as ?api=…")
        if wire.progress() is Progress.WRITING:
            return LostBeforeRequest(why)
        return LostAfterRequest(why)


def _never_connected(cause: BaseException | None) -> bool:
    reason = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    reason = reason.reason if isinstance(reason, MaxRetryError) else reason
    return isinstance(cause, requests.ConnectTimeout) or isinstance(reason, NewConnectionError | ConnectTimeoutError)


def _body(error: AnymailError) -> str:
    return error.response.text if error.response is not None else ""
