"""What every answer must have or must not have, whatever it is: page, error, file, media, the API's."""

from __future__ import annotations

from werkzeug.test import TestResponse

PICTURES = ("pictures.", "posters.")
FOR_OTHER_SITES = (*PICTURES, "whip.", "live.", "oembed.", "downloads.")
SOURCES = {"'self'", "'none'", "data:", "blob:"}
REQUIRED = (
    "Referrer-Policy",
    "Permissions-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Content-Security-Policy",
    "Content-Type",
)
KEPT = ("static", "live.", "pictures.", "posters.")  # by caches, for a time


def faults_of(endpoint: str, answer: TestResponse) -> list[str]:
    """In words; none: it is as it should be."""
    headers = answer.headers
    faults = [f"{name} is missing" for name in REQUIRED if name not in headers]
    if headers.get("X-Content-Type-Options") != "nosniff":
        faults.append("types may be guessed")
    if "Server" in headers or "X-Powered-By" in headers:
        faults.append("it tells what serves it")
    faults += [f"policy: {one}" for one in _faults_of_policy(headers.get("Content-Security-Policy", ""))]
    kept = headers.get("Cache-Control", "")
    if not endpoint.startswith(KEPT) and "no-store" not in kept and not kept.startswith("private"):
        faults.append("others than its reader may keep it")
    if "Access-Control-Allow-Origin" in headers and not endpoint.startswith(FOR_OTHER_SITES):
        faults.append("other sites may read it")
    if headers.get("Access-Control-Allow-Credentials"):
        faults.append("other sites may read it as its reader")
    faults += [fault for cookie in headers.getlist("Set-Cookie") for fault in _faults_of_cookie(cookie)]
    if answer.status_code in (301, 302, 303, 307, 308) and not _stays(headers["Location"]):
        faults.append(f"it leads to {headers['Location']}")
    if "Traceback" in answer.text or "werkzeug" in answer.text.lower():
        faults.append("it tells what went wrong inside")
    return faults


def _faults_of_policy(policy: str) -> list[str]:
    parts = {name: sources for name, *sources in (part.split() for part in policy.split("; ") if part)}
    needed = {"default-src", "script-src", "object-src", "base-uri", "form-action", "frame-ancestors"}
    faults = [f"without {name}" for name in sorted(needed - parts.keys())]
    for name, sources in parts.items():
        allowed = {one for one in sources if name == "style-src" and one.startswith("'sha256-")}
        faults += [f"{name} allows {one}" for one in set(sources) - SOURCES - allowed]
    if parts.get("script-src") != ["'self'"]:
        faults.append("scripts from elsewhere")
    return faults


def _faults_of_cookie(cookie: str) -> list[str]:
    name = cookie.partition("=")[0]
    wanted = ["Path=/", "SameSite=Lax"] + ([] if name == "kodo_language" else ["HttpOnly"])
    faults = [f"cookie {name} without {one}" for one in wanted if one not in cookie]
    return faults + ([f"cookie {name} is other hosts', too"] if "Domain=" in cookie else [])


def _stays(location: str) -> bool:
    return location.startswith("/") and not location.startswith(("//", "/\\"))
