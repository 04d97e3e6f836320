"""Every sentence of pages and scripts is in each catalogue, translated, with its blanks; none is left."""

from __future__ import annotations

import os
import re
import shutil
from gettext import GNUTranslations
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import Flask

from broadcast.languages import LANGUAGES, TRANSLATIONS, compile_stale
from broadcast.page_strings import STRINGS

PROJECT = Path(__file__).resolve().parents[2]
STUDIO = (
    "studio_page.js",
    "capture.js",
    "completion_notice.js",
    "line_test.js",
    "live_bar.js",
    "live_warnings.js",
    "off_record.js",
    "quality_picker.js",
    "sound_check.js",
    "source_pickers.js",
    "studio_copy.js",
    "title_editor.js",
    "planned_lecture.js",
    "studio_keeping.js",
)
MODULES_OF_PAGE = {
    "front_page.js": ("front_page.js", "lecture_cards.js", "said_list.js"),
    "room_page.js": (
        "room_page.js",
        "player_bar.js",
        "player_keys.js",
        "mark_strip.js",
        "recording_pictures.js",
        "poster_button.js",
        "share_dialog.js",
        "unlock_form.js",
        "download_link.js",
        "next_lecture.js",
        "keeping_notice.js",
        "start_words.js",
        "transcript_side.js",
        "transcript_pane.js",
        "transcript_editor.js",
        "watch_tracker.js",
    ),
    "studio_page.js": STUDIO,
    "media_panel.js": ("media_panel.js", "film_list.js", "film_controls.js"),
    "library_page.js": ("library_page.js", "library_uploads.js", "upload_lines.js", "upload_words.js"),
    "recording_form.js": ("recording_form.js", "replace_file.js", "cut_editor.js"),
    "chapters_panel.js": ("chapters_panel.js",),
    "held_recording.js": ("held_recording.js",),
    "recording_rule_page.js": ("recording_rule_page.js",),
    "rooms_page.js": ("rooms_page.js",),
    "dashboard_page.js": ("dashboard_page.js",),
    "health_page.js": ("health_page.js",),
    "jobs_page.js": ("jobs_page.js", "job_lines.js", "job_words.js"),
    "settings_page.js": ("settings_page.js",),
    "scheduled_panel.js": ("scheduled_panel.js",),
    "account_page.js": ("account_page.js", "account_form.js", "sign_in_list.js"),
    "person_page.js": ("person_page.js", "account_form.js", "sign_in_list.js"),
    "people_page.js": ("people_page.js", "account_form.js"),
}


def sentences() -> set[str]:
    """What the code asks gettext for."""
    with (PROJECT / "babel.cfg").open(encoding="utf-8") as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    found: set[str] = set()
    for folder in ("broadcast", "people", "templates"):
        for _, _, message, *_ in extract_from_dir(
            PROJECT / folder, [(pattern.split("/", 1)[1], method) for pattern, method in methods], options
        ):
            found.update([message] if isinstance(message, str) else message)
    return found


def catalogue(language: str) -> Catalog:
    with (TRANSLATIONS / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=language)


def messages(language: str) -> list[Message]:
    return [message for message in catalogue(language) if message.id]


def blanks(sentence: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s|\{\w+\}", sentence))


def test_extraction_finds_templates_and_modules() -> None:
    assert {"Go live", "The user ID or the password is wrong.", "{count} watching"} <= sentences()


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_the_sentences_of_the_code_and_no_others(language: str) -> None:
    known = {str(message.id) for message in messages(language)}
    assert sentences() - known == set()
    assert known - sentences() == set()
    assert not catalogue(language).obsolete


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_sentence_is_translated_with_its_blanks(language: str) -> None:
    for message in messages(language):
        assert message.string, f"{language}: {message.id!r} is not translated"
        assert not message.fuzzy, message.id
        assert blanks(str(message.string)) == blanks(str(message.id)), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_percent_sign_begins_a_blank(language: str) -> None:
    """Templates fill in every sentence by `%`, also one without blanks: a bare sign would end the page."""
    for message in messages(language):
        assert "%" not in re.sub(r"%%|%\(\w+\)s", "", f"{message.id}{message.string}"), message.string


KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["ja", "zh"])
def test_translations_are_in_their_language(language: str) -> None:
    """A sentence of the other language's file would not be seen by who reads neither."""
    assert str(catalogue(language).locale) == language
    for message in messages(language):
        words = str(message.string)
        assert HAN.search(words) or (language == "ja" and KANA.search(words)), words
        assert language == "ja" or not KANA.search(words), words


@pytest.mark.parametrize("page", STRINGS)
def test_scripts_ask_for_the_strings_they_are_given(page: str, request_in_english: None) -> None:
    sources = "".join(
        (PROJECT / "static/js" / name).read_text(encoding="utf-8") for name in MODULES_OF_PAGE[page]
    )
    given = STRINGS[page]()
    asked = set(re.findall(r'\bt\(\s*"(\w+)"', sources))
    assert asked - set(given) == set()
    for key in set(given) - asked:  # some are put together or looked up: "recording_ok", t(errorKey(e))
        assert f'"{key}"' in sources or f"{key.rsplit('_', 1)[0]}_${{" in sources, (
            f"{page} never asks for {key}"
        )


@pytest.fixture
def request_in_english() -> object:
    from flask_babel import Babel

    app = Flask("strings")
    Babel(app)
    with app.test_request_context():
        yield


def test_a_stale_catalogue_is_compiled_and_a_fresh_one_left(tmp_path: Path) -> None:
    folder = tmp_path / "ja" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = Path(shutil.copy(TRANSLATIONS / "ja" / "LC_MESSAGES" / "messages.po", folder))
    assert compile_stale(tmp_path) == [folder / "messages.mo"]
    with (folder / "messages.mo").open("rb") as compiled:
        assert GNUTranslations(compiled).gettext("Go live") == "配信を開始"
    assert compile_stale(tmp_path) == []
    later = (folder / "messages.mo").stat().st_mtime + 10
    os.utime(po, (later, later))
    assert compile_stale(tmp_path) == [folder / "messages.mo"]
    assert [path.name for path in folder.iterdir() if path.suffix == ".tmp"] == []


def test_a_broken_catalogue_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "ja" / "LC_MESSAGES"
    (folder / "messages.mo").mkdir(parents=True)  # nothing can be renamed onto it
    shutil.copy(TRANSLATIONS / "ja" / "LC_MESSAGES" / "messages.po", folder)
    os.utime(folder / "messages.mo", (0, 0))
    with pytest.raises(OSError):
        compile_stale(tmp_path)
    assert [path.name for path in folder.iterdir() if path.suffix == ".tmp"] == []
