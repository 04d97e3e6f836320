"""A recording's page in Chromium says what has become of its transcript, and its host has it tried again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from library.models import Job
from tests.broadcast.session_writer import SessionWriter
from tests.end_to_end import axe
from tests.end_to_end.archive import database_of
from tests.end_to_end.lecturer import PASSWORD, Lecturer
from tests.end_to_end.viewer import Viewer
from tests.installation import Installation, wait_for
from tests.recorder.media_maker import make_media, make_parts

pytestmark = [pytest.mark.side_by_side, pytest.mark.slow]

FAILED = "The transcript could not be made."


def recording_whose_transcript_failed(installation: Installation) -> str:
    writer = SessionWriter(Path(installation.folder))
    writer.begin_take(parameters=make_media(4).parameters)
    for part in make_parts(make_media(4)):
        writer.log.append(part)
    writer.end()
    installation.wait_for_recording(writer.session_id)  # or its end would order it again
    database = database_of(installation)

    def ended() -> bool:
        with database.session() as session:
            job = session.query(Job).where(Job.kind == "transcribe").one()
            if job.state in ("done", "waiting") and job.attempt:
                job.state, job.error = "failed", "it took more memory than 16384 MiB"
            return bool(job.state == "failed")

    wait_for("the job", ended)
    database.close()
    return writer.session_id


def test_a_transcript_that_failed_is_said_and_tried_again(
    installation: Installation, browser: Browser
) -> None:
    address = f"{installation.url}/watch/{recording_whose_transcript_failed(installation)}"
    viewer = Viewer(browser, viewport={"width": 320, "height": 640})
    axe.install(viewer.page)
    viewer.open(address)
    expect(viewer.page.locator("#transcription-words")).to_have_text(FAILED)
    expect(viewer.page.locator("#transcribe-again")).to_be_hidden()
    viewer.close()
    installation.run("user", "add", "kanri", "--role", "operator", "--password-stdin", stdin=PASSWORD + "\n")
    lecturer = Lecturer(browser, installation)
    axe.install(lecturer.page)
    lecturer.sign_in("kanri")
    page = lecturer.page
    page.goto(address)
    expect(page.locator("#transcription-words")).to_contain_text("16384 MiB")
    found = axe.violations(page, "transcription") + axe.small_targets(page, "transcription")
    assert found + axe.overflow(page, "transcription") == []
    page.click("#transcribe-again")
    expect(page.locator("#transcribe-again")).to_be_hidden()
    expect(page.locator("#transcription")).not_to_have_attribute("data-state", "failed")
    assert lecturer.console.complaints == [] and viewer.console.complaints == []
    page.context.close()
