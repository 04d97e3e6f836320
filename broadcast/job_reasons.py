"""Why a job failed or waits, in the reader's language: what programs say of themselves is English.

Called in web threads, within a request. Sentences that are not known here are told as they were said: an
operator can look them up, and the log beside them is English as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask_babel import gettext as _

from library.models import Job, JobState, JobWait

# How the program ended (`library.job_words.reason_of`), behind what it said.
_ENDING = re.compile(r" ?\((?:exit code \d+|killed by (?P<signal>SIG\w+))\)$")

Match = re.Match[str]


def reason_of(job: Job) -> str | None:
    """Of a job that failed, or cannot be done now; None of any other."""
    if job.state == JobState.FAILED:
        said = job.error
    elif job.state != JobState.WAITING:
        said = None
    else:
        said = job.error if job.waits_for in (JobWait.RETRY, None) else job.message
    return in_words(said) if said else None


def in_words(said: str) -> str:
    """The sentence for what a program said of itself; that itself where there is none."""
    ending = _ENDING.search(said)
    plain = said[: ending.start()].strip() if ending is not None else said.strip()
    for pattern, words in _SENTENCES:
        if (found := pattern.fullmatch(plain)) is not None:
            return words(found)
    if ending is not None and ending["signal"] is not None and not plain:
        return str(_("Something ended it from outside ({signal}).")).replace("{signal}", ending["signal"])
    return said


def _lost(found: Match) -> str:
    return str(_("The worker was lost {count} times while it was done.")).replace("{count}", found[1])


def _memory(found: Match) -> str:
    return str(_("It took more memory than {size} MiB.")).replace("{size}", found[1])


def _silent(found: Match) -> str:
    minutes = max(1, round(int(found[1]) / 60))
    return str(_("It hung: nothing came from it for {minutes} minutes.")).replace("{minutes}", str(minutes))


def _mp4_space(found: Match) -> str:
    words = str(_("The MP4 needs {needed}, lectures keep {kept} for themselves, and {free} are free."))
    return words.replace("{needed}", found[1]).replace("{kept}", found[2]).replace("{free}", found[3])


def _model(found: Match) -> str:
    return str(_("The model {name} cannot be loaded.")).replace("{name}", found[1])


def _backup_damaged(found: Match) -> str:
    return str(_("Something in the backups is damaged or missing: {name}")).replace("{name}", found[1])


def _backup_source(found: Match) -> str:
    words = str(_("Something that is to be backed up cannot be read: {name}"))
    return words.replace("{name}", found[1])


_SENTENCES: tuple[tuple[re.Pattern[str], Callable[[Match], str]], ...] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"its worker was lost (\d+) times", _lost),
        (r"it took more memory than (\d+) MiB", _memory),
        (r"it said nothing for (\d+) s", _silent),
        (r"the program ended without a result", lambda _found: str(_("It ended without a result."))),
        (r"the MP4 needs (.+) beside the (.+) kept for lectures, and (.+) are free", _mp4_space),
        (
            r"too little disk is free .*|the disk came to its floor .*",
            lambda _found: str(_("Too little disk space is free.")),
        ),
        (
            r"version \d+ of session \S+ has no picture but its slate|no poster: .*",
            lambda _found: str(_("There is no picture in this recording.")),
        ),
        (
            r".*none of \d+ key frames can be decoded",
            lambda _found: str(_("No picture of this recording can be decoded.")),
        ),
        (
            r"nothing to (?:transcribe|heal): .*",
            lambda _found: str(_("There is nothing of this recording on the disk.")),
        ),
        (
            r"nothing that transcribes is installed here.*|\S+ is not installed here.*",
            lambda _found: str(_("Nothing that transcribes is installed here: see the README, Transcripts.")),
        ),
        (r"the model (\S+) cannot be loaded: .*", _model),
        (
            r"KODO_WHISPER_MODEL: .*",
            lambda _found: str(_("KODO_WHISPER_MODEL names no model that is known here.")),
        ),
        # of backups: the name of the error (`library.backup.errors`), and what it says
        (r"TargetFull: .*", lambda _found: str(_("No space is left where the backups are."))),
        (
            r"AtFloor: .*",
            lambda _found: str(
                _("The disk that lectures and backups share is nearly full: its rest is for lectures.")
            ),
        ),
        (
            r"(?:TargetUnavailable|LeaseLost): .*",
            lambda _found: str(_("The place of the backups is not there, or does not answer.")),
        ),
        (
            r"TargetRefused: .*",
            lambda _found: str(_("The place of the backups refuses: its rights or keys are wrong.")),
        ),
        (
            r"(?:OtherRepository|NoRepository): .*",
            lambda _found: str(_("Not the backups of before are in that place: is the disk mounted?")),
        ),
        (
            r"KeyNeeded: .*",
            lambda _found: str(_("The backups are encrypted, and there is no key (KODO_BACKUP_KEY_FILE).")),
        ),
        (
            r"(?:WrongKey|KeyDamaged): .*",
            lambda _found: str(_("The key does not fit these backups (KODO_BACKUP_KEY_FILE).")),
        ),
        (
            r"(?:NewerFormat|NewerSchema): .*",
            lambda _found: str(_("These backups were made by a later version of Kodo.")),
        ),
        (r"RepositoryBusy: .*", lambda _found: str(_("Another backup is being made just now."))),
        (
            r"(?:RepositoryDamaged|ObjectMissing|ObjectDamaged|GenerationIncomplete): (.*)",
            _backup_damaged,
        ),
        (r"SourceUnavailable: (.*)", _backup_source),
        (r"FolderNotEmpty: .*", lambda _found: str(_("This folder is not empty."))),
        (r"FolderUnusable: .*", lambda _found: str(_("This folder cannot be written to."))),
        (r"NoRoom: .*", lambda _found: str(_("Too little disk space is free."))),
        (
            r"(?:RowsMissing|FilesMissing): .*",
            lambda _found: str(_("This backup does not have the recording.")),
        ),
        (
            r"RoomGone: .*",
            lambda _found: str(
                _("The room of this recording is no more. Bring the room back, with all of it.")
            ),
        ),
        (
            r"RoomInTrash: .*",
            lambda _found: str(_("The room of this recording is in the trash. Restore it there first.")),
        ),
        (r"RoomMissing: .*", lambda _found: str(_("This backup does not have the room."))),
        (
            r"RoomIsHere: .*",
            lambda _found: str(_("The room is here, or in the trash, from where it is restored.")),
        ),
        (
            r"AddressTaken: .*",
            lambda _found: str(_("Another room has this address now. Give the room another one.")),
        ),
        (
            r"OwnerGone: .*",
            lambda _found: str(_("Whose room it was is no more. Say whose room it is to be.")),
        ),
        (
            r"OwnerUnfit: .*",
            lambda _found: str(_("Nobody of this user ID may hold lectures in the room's organization.")),
        ),
        (
            r"OwnerErased: .*",
            lambda _found: str(_("Whose room it was is erased, with all lectures. It does not come back.")),
        ),
        (
            r"OrganizationGone: .*",
            lambda _found: str(_("The organization of this room is not here.")),
        ),
        (r"NoSuchGeneration: .*", lambda _found: str(_("There is no such backup."))),
        (r"NotSetUp: .*", lambda _found: str(_("Backups are switched off (KODO_BACKUP)."))),
        (r"StillLive: .*", lambda _found: str(_("The lecture is still going on."))),
        (r"the lecture goes on", lambda _found: str(_("The lecture is still going on."))),
    )
)
