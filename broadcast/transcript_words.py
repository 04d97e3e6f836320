"""Why a transcript was refused, in the reader's language. Pure, within a request."""

from __future__ import annotations

from flask_babel import gettext as _

from library.transcript_formats import MAX_BYTES, MAX_CUES, MAX_TEXT, Unfit, UnfitTranscript


def unfit_transcript(error: UnfitTranscript) -> str:
    """A sentence, with the place where there is one."""
    reason = _reasons()[error.reason]
    if error.line is not None:
        return str(_("Line %(number)s: %(reason)s", number=error.line, reason=reason))
    if error.cue is not None:
        return str(_("Caption %(number)s: %(reason)s", number=error.cue, reason=reason))
    return reason


def _reasons() -> dict[Unfit, str]:
    return {
        Unfit.TOO_LARGE: _("The file is larger than %(size)s MB.", size=MAX_BYTES >> 20),
        Unfit.NOT_TEXT: _("This is no text in UTF-8."),
        Unfit.NOT_VTT: _("This is no WebVTT file: it does not begin with WEBVTT."),
        Unfit.NOT_JSON: _("This is no transcript in JSON."),
        Unfit.NO_CUES: _("There are no captions in it."),
        Unfit.BAD_TIME: _("The time cannot be read, or the end is before the beginning."),
        Unfit.TOO_MANY_CUES: _("There are more than %(count)s captions.", count=MAX_CUES),
        Unfit.TOO_LONG_CUE: _("A caption has at most %(count)s characters.", count=MAX_TEXT),
        Unfit.BAD_LANGUAGE: _("There is no such language."),
    }
