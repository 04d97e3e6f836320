"""WHIP's requests (RFC 9725 4.2, 4.3) as a publisher sends them."""

from __future__ import annotations

from urllib.parse import urljoin

import aiohttp


class WhipRefused(Exception):
    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body[:300]}")
        self.status = status
        self.body = body


class WhipClient:
    """One publication over HTTP: `publish` with an offer, then `trickle` and `delete`."""

    def __init__(self, whip_url: str, token: str | None) -> None:
        self._url = whip_url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.resource_url: str | None = None
        self.etag: str | None = None
        self.links: list[str] = []

    async def publish(self, offer_sdp: str) -> str:
        """Returns the answer. Raises WhipRefused, aiohttp.ClientError."""
        headers = {**self._headers, "Content-Type": "application/sdp"}
        status, answer, response_headers = await self._request("POST", self._url, headers, offer_sdp)
        if status != 201:
            raise WhipRefused(status, answer)
        self.resource_url = urljoin(self._url, response_headers["Location"])
        self.etag = response_headers.get("ETag")
        self.links = response_headers.getall("Link", [])
        return answer

    async def trickle(self, fragment: str, if_match: str | None = None) -> int:
        assert self.resource_url is not None
        headers = {**self._headers, "Content-Type": "application/trickle-ice-sdpfrag"}
        if if_match or self.etag:
            headers["If-Match"] = if_match or str(self.etag)
        status, _, _ = await self._request("PATCH", self.resource_url, headers, fragment)
        return status

    async def delete(self) -> int:
        if self.resource_url is None:
            return 0
        status, _, _ = await self._request("DELETE", self.resource_url, self._headers, None)
        self.resource_url = None
        return status

    async def _request(self, method, url, headers, body):
        timeout = aiohttp.ClientTimeout(total=15)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(ssl=False)) as session,
            session.request(method, url, headers=headers, data=body) as response,
        ):
            return response.status, await response.text(), response.headers
