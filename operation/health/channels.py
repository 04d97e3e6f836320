"""How the people named are told: by mail, and by a POST to the operator's addresses. Blocking, bounded.

Called in the channel's own thread (`teller.py`); what fails is tried again by that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Sequence
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from broadcast.alarm_messages import mail_of, values_of
from library.alarm_states import Alarm, Notice
from people import mail
from settings import Settings

log = logging.getLogger(__name__)

POST_SECONDS = 8.0
TEST = "test"
Due = Sequence[tuple[Alarm, Notice]]


class NotTold(Exception):
    """Nobody has it: it is to be tried again."""


class Channel(Protocol):
    """`check`: which check its failures are; its name begins so. `at_once`: how many notices it takes in one
    go.
    """

    name: str
    check: str
    at_once: int

    def tell(self, due: Due) -> None:
        """Raises NotTold."""

    def test(self) -> None:
        """A message that says it is only a trial. Raises NotTold."""


def channels_of(settings: Settings) -> list[Channel]:
    """What the settings name."""
    made: list[Channel] = [MailChannel(settings)] if settings.alarm_mail else []
    return made + [WebhookChannel(settings, url) for url in settings.alarm_webhooks]


class MailChannel:
    """One mail for all that is due at a time."""

    name = check = "mail"
    at_once = 20

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def tell(self, due: Due) -> None:
        self._send(*mail_of(due, self._settings.public_url))

    def test(self) -> None:
        self._send(*mail_of((), self._settings.public_url))

    def _send(self, subject: str, text: str) -> None:
        to = self._settings.alarm_mail
        try:
            mail.send(self._settings, mail.Message(to, subject, text))
        except mail.MailUnavailable as error:
            raise NotTold(str(error)) from error
        except mail.MailRefused as error:
            if len(error.addresses) in (0, len(to)):
                raise NotTold(str(error)) from error
            log.warning("an alarm was mailed to the others: %s", error)  # they are not told twice


class WebhookChannel:
    """One POST of JSON for each notice: `broadcast.alarm_messages.values_of`. Wherever the operator says,
    but no redirect is followed: that would be the answerer's choice.

    With a secret `X-Kodo-Signature: sha256=<hex>` is the HMAC of the body. `X-Kodo-Delivery` is the same when
    it is sent again, for it cannot be known whether an answer got lost.
    """

    check = "webhook"
    at_once = 1

    def __init__(self, settings: Settings, url: str) -> None:
        self.name = "webhook-" + hashlib.sha256(url.encode()).hexdigest()[:12]
        self._settings, self._url = settings, url

    def tell(self, due: Due) -> None:
        for alarm, notice in due:
            self._post(f"{alarm.id}-{notice}", values_of(alarm, notice, self._settings.public_url))

    def test(self) -> None:
        self._post(TEST, {"event": TEST, "url": f"{self._settings.public_url}/admin/health"})

    def _post(self, delivery: str, values: dict[str, Any]) -> None:
        body = json.dumps(values, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "Kodo", "X-Kodo-Delivery": delivery}
        secret = self._settings.alarm_webhook_secret
        if secret:
            headers["X-Kodo-Signature"] = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
        request = Request(self._url, body, headers, method="POST")  # noqa: S310 - http alone (settings)
        try:
            with build_opener(_NoRedirect()).open(request, timeout=POST_SECONDS) as answer:
                answer.read(1000)
        except HTTPError as error:
            raise NotTold(f"HTTP {error.code}") from error
        except (OSError, ValueError) as error:
            raise NotTold(str(error)[:200]) from error


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
