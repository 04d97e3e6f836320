"""The few words of ASGI 3 that the front uses, and sending an `Answer` by them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from broadcast.answer import Answer

NOSNIFF = (b"x-content-type-options", b"nosniff")  # a browser may not take media for a page
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def send_answer(send: Send, scope: Scope, answer: Answer) -> None:
    """The answer, without its body for HEAD."""
    headers = [*answer.headers, NOSNIFF]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body, "more_body": False})
