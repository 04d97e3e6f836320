"""The typed errors of rooms, accounts and passwords, as sentences in the reader's language.

Called by web views, within a request. The errors' own texts are English, for the command line and the log.
"""

from __future__ import annotations

from flask_babel import gettext

from people.accounts import USER_ID_LENGTH, UnfitEmail, UnfitUserId, UserIdTaken
from people.passwords import UnfitPassword
from people.rooms import (
    SLUG_LENGTH,
    TITLE_LENGTH,
    RoomPasswordMissing,
    SlugLooksLikeId,
    SlugTaken,
    UnfitSlug,
    UnfitTitle,
)
from people.stream_keys import KEYS_PER_ROOM, TooManyStreamKeys

UnfitRoom = UnfitSlug | SlugTaken | UnfitTitle | RoomPasswordMissing | UnfitPassword
UnfitAccount = UnfitUserId | UserIdTaken | UnfitPassword | UnfitEmail


def room_error(error: UnfitRoom) -> str:
    """Why a room cannot be made or changed so."""
    match error:
        case SlugTaken():
            return _("Another room has this address already.")
        case SlugLooksLikeId():
            return _("An address may not look like an id.")
        case UnfitSlug():
            return _(
                "An address has 1 to %(count)s of a-z, 0-9, - and _, with a letter or digit at both ends.",
                count=SLUG_LENGTH,
            )
        case UnfitTitle():
            return _("A title has 1 to %(count)s characters.", count=TITLE_LENGTH)
        case RoomPasswordMissing():
            return _("A room with a password needs one.")
        case UnfitPassword():
            return password_error(error)


def account_error(error: UnfitAccount) -> str:
    """Why an account cannot be made so."""
    match error:
        case UserIdTaken():
            return _("This user ID is taken.")
        case UnfitUserId():
            return _("A user ID has 1 to %(count)s characters and no spaces.", count=USER_ID_LENGTH)
        case UnfitEmail():
            return _("This is no mail address.")
        case UnfitPassword():
            return password_error(error)


def password_error(error: UnfitPassword) -> str:
    if error.reason == "short":
        return _("The password needs at least %(count)s characters.", count=error.limit)
    if error.reason == "long":
        return _("The password is too long.")
    return _("This password is too easy to guess.")


def stream_key_error(_error: TooManyStreamKeys) -> str:
    return _("A room has at most %(count)s stream keys. Revoke some first.", count=KEYS_PER_ROOM)


def _(text: str, **values: object) -> str:
    return str(gettext(text, **values))
