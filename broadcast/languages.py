"""Which language a page is in, and the catalogues behind it.

Used by the web process: `install` once per application (it compiles catalogues that are older than
their .po), `chosen_language` per request: the reader's own choice (a cookie), else what the browser
asks for, else English. Another language is a folder in `translations/` and a line in LANGUAGES and TAGS.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, has_request_context, request
from flask_babel import Babel

LANGUAGES: Mapping[str, str] = {"ja": "日本語", "en": "English", "zh": "简体中文"}
# As pages say it (BCP 47): the catalogue `zh` is in simplified characters.
TAGS: Mapping[str, str] = {"ja": "ja", "en": "en", "zh": "zh-Hans"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
DEFAULT_LANGUAGE = "en"
COOKIE = "kodo_language"
COOKIE_SECONDS = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).resolve().parent.parent / "translations"

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Give `app` its languages. Without a writable folder and a compiled catalogue it speaks English."""
    try:
        compile_stale(TRANSLATIONS)
    except OSError as error:
        log.warning("translations could not be compiled (%s): pages may be in English", error)
    Babel(
        app,
        default_locale=DEFAULT_LANGUAGE,
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=chosen_language,
    )


def chosen_language() -> str:
    """A key of LANGUAGES for the request under way."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    kept = request.cookies.get(COOKIE)
    if kept is not None and kept in LANGUAGES:
        return kept
    # In the browser's order and by the language alone: werkzeug's own match takes "en;q=0.5" before "ja-JP".
    asked = (_language_of(tag) for tag in request.accept_languages.values())
    return next((language for language in asked if language in LANGUAGES), DEFAULT_LANGUAGE)


def _language_of(tag: str) -> str:
    """Pure: `ja-JP` → ja, `zh-Hans-CN` → zh; who asks for traditional characters is not given others."""
    language, *rest = tag.lower().split("-")
    return tag if language == "zh" and _TRADITIONAL.intersection(rest) else language


def compile_stale(folder: Path) -> list[Path]:
    """Compile each `<language>/LC_MESSAGES/*.po` whose .mo is missing or older → those written.

    Several web processes may do it at once: a .mo comes into its place whole. Raises OSError.
    """
    return [_compile(po) for po in sorted(folder.glob("*/LC_MESSAGES/*.po")) if _is_stale(po)]


def _is_stale(po: Path) -> bool:
    try:
        return po.with_suffix(".mo").stat().st_mtime_ns < po.stat().st_mtime_ns
    except FileNotFoundError:
        return True


def _compile(po: Path) -> Path:
    target = po.with_suffix(".mo")
    with po.open("rb") as source:
        catalogue = read_po(source, locale=po.parent.parent.name)
    with tempfile.NamedTemporaryFile(dir=po.parent, suffix=".tmp", delete=False) as made:
        try:
            write_mo(made, catalogue)
            made.flush()
            os.fchmod(made.fileno(), 0o644)
            os.replace(made.name, target)
        except BaseException:
            os.unlink(made.name)
            raise
    return target
