"""Why chapters were refused, in the reader's language. Pure, within a request."""

from __future__ import annotations

from flask_babel import gettext as _

from library.chapter_list import MAX_BYTES, MAX_CHAPTERS, TITLE_LENGTH, Unfit, UnfitChapters


def unfit_chapters(error: UnfitChapters) -> str:
    """A sentence, with the place where there is one."""
    reason = _reasons()[error.reason]
    if error.line is not None:
        return str(_("Line %(number)s: %(reason)s", number=error.line, reason=reason))
    if error.number is not None:
        return str(_("Chapter %(number)s: %(reason)s", number=error.number, reason=reason))
    return reason


def _reasons() -> dict[Unfit, str]:
    return {
        Unfit.TOO_LARGE: _("The file is larger than %(size)s MB.", size=MAX_BYTES >> 20),
        Unfit.NOT_TEXT: _("This is no text in UTF-8."),
        Unfit.NOT_VTT: _("This is no WebVTT file: it does not begin with WEBVTT."),
        Unfit.NOT_JSON: _("These are no chapters in JSON."),
        Unfit.NO_CHAPTERS: _("There are no chapters in it."),
        Unfit.BAD_TIME: _("The time cannot be read, or the end is before the beginning."),
        Unfit.BEYOND_END: _("It begins after the end of the recording."),
        Unfit.TOO_MANY: _("There are more than %(count)s chapters.", count=MAX_CHAPTERS),
        Unfit.NO_TITLE: _("It has no title."),
        Unfit.TOO_LONG_TITLE: _("A title has at most %(count)s characters.", count=TITLE_LENGTH),
    }
