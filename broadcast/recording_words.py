"""What people say of a recording, checked and cleaned. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from people.accounts import NAME_LENGTH, one_line
from people.rooms import TITLE_LENGTH

LANGUAGE_LENGTH = 35
LICENSE_LENGTH = 100
TAG_LENGTH = 50
MAX_TAGS = 30
GLOSSARY_LENGTH = 500  # of all words: more is too much for what transcribes
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)


class UnfitLanguage(ValueError):
    """No language tag (BCP 47) such as `ja` or `zh-Hans`."""


class UnfitGlossary(ValueError):
    """Its words are too many: together they have more than GLOSSARY_LENGTH characters."""


class UnfitTimes(ValueError):
    """It would expire before it is published."""


def cleaned(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of lecturer, language, series, license, tags and glossary, each in one line; the rest as
    it is.

    An empty text is None but for the lecturer. Raises UnfitLanguage, UnfitGlossary.
    """
    values = dict(given)
    if "lecturer" in values:
        values["lecturer"] = one_line(values["lecturer"])[:NAME_LENGTH]
    for name, length in (("series", TITLE_LENGTH), ("license", LICENSE_LENGTH)):
        if name in values:
            values[name] = one_line(values[name] or "")[:length] or None
    if "language" in values:
        values["language"] = _language(one_line(values["language"] or ""))
    if "tags" in values:
        values["tags"] = unique_tags(values["tags"])[:MAX_TAGS]
    if "glossary" in values:
        values["glossary"] = unique_tags(values["glossary"])
        if sum(len(word) + 2 for word in values["glossary"]) > GLOSSARY_LENGTH + 2:
            raise UnfitGlossary
    return values


def check_times(publish_at: Any, expires_at: Any) -> None:
    """Raises UnfitTimes."""
    if publish_at is not None and expires_at is not None and expires_at <= publish_at:
        raise UnfitTimes("a recording expires after it is published")


def unique_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each once, however it is written."""
    found: dict[str, str] = {}
    for tag in tags:
        line = one_line(tag)[:TAG_LENGTH].strip()
        if line:
            found.setdefault(line.casefold(), line)
    return tuple(found.values())


def _language(tag: str) -> str | None:
    if not tag:
        return None
    if len(tag) > LANGUAGE_LENGTH or _LANGUAGE.fullmatch(tag) is None:
        raise UnfitLanguage(tag[:LANGUAGE_LENGTH])
    primary, *rest = tag.split("-")
    return "-".join([primary.lower(), *rest])
