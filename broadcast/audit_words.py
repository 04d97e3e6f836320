"""What the audit log's actions are called, in the reader's language. With a request.

An action that has no words here is shown as it is written: dotted words of English.
"""

from __future__ import annotations

from flask_babel import gettext as _

from people.audit import Detail
from people.audit_list import Line


def group_words() -> dict[str, str]:
    """What stands before the dot of an action: what one can choose by."""
    return {
        "sign_in": _("Signing in"),
        "user": _("People"),
        "password": _("Passwords"),
        "room": _("Rooms"),
        "stream_key": _("Stream keys"),
        "api_token": _("API tokens"),
        "recording": _("Recordings"),
        "organization": _("Organization"),
        "doors": _("Doors"),
        "job": _("Jobs"),
        "backup": _("Backups"),
        "notice": _("Notices"),
        "setup_link": _("Set-up"),
    }


def action_words() -> dict[str, str]:
    return {
        "sign_in.accepted": _("Signed in"),
        "sign_in.refused": _("Sign-in refused"),
        "sign_in.kept_out": _("Kept out by the doors"),
        "sign_in.out": _("Signed out"),
        "setup_link.made": _("Set-up link made"),
        "setup_link.used": _("Set-up link used"),
        "user.added": _("Account made"),
        "user.role": _("Role changed"),
        "user.invited": _("Invited"),
        "user.joined": _("Invitation accepted"),
        "user.invitation_removed": _("Invitation taken back"),
        "user.invitation_links": _("Invitation links made"),
        "user.imported": _("Accounts imported"),
        "user.name": _("Name changed"),
        "user.email": _("Mail address changed"),
        "user.activated": _("Account activated"),
        "user.deactivated": _("Account deactivated"),
        "user.invitation_link": _("Invitation link made"),
        "user.reset_link": _("Password link made"),
        "user.exported": _("Personal data exported"),
        "user.erased": _("Person erased"),
        "password.changed": _("Password changed"),
        "password.reset": _("Password reset"),
        "sign_in.ended": _("A browser signed out"),
        "room.created": _("Room made"),
        "room.title": _("Room renamed"),
        "room.access": _("Who may enter a room changed"),
        "room.deleted": _("Room deleted"),
        "room.restored": _("Room restored"),
        "room.invited": _("Invited to a room"),
        "room.uninvited": _("Taken off a room's list"),
        "room.link_made": _("Link to a room made"),
        "room.link_revoked": _("Link to a room taken back"),
        "stream_key.made": _("Stream key made"),
        "stream_key.revoked": _("Stream key revoked"),
        "api_token.made": _("API token made"),
        "api_token.removed": _("API token removed"),
        "recording.added": _("Recording added"),
        "recording.visibility": _("Who may watch a recording changed"),
        "recording.hidden": _("Hidden spans of a recording changed"),
        "recording.claimed": _("Held recording kept"),
        "recording.deleted": _("Recording deleted"),
        "recording.restored": _("Recording restored"),
        "recording.moved": _("Recording moved to the object store"),
        "recording.brought_home": _("Recording brought back to the disk"),
        "organization.recording": _("Rule of recording changed"),
        "lecture.ended": _("Lecture ended"),
        "job.cancelled": _("Job cancelled"),
        "job.retried": _("Job started again"),
        "doors.changed": _("Allow and deny lists changed"),
        "backup.ordered": _("Backup or check ordered"),
        "backup.restored": _("Restored from a backup"),
        "notice.added": _("Notice written"),
        "notice.mailed": _("Notice mailed"),
        "notice.withdrawn": _("Notice withdrawn"),
    }


def actor_of(line: Line) -> str:
    """Who it was: a name, an id of who is not there any more, or what stands for nobody."""
    if line.actor_id is not None:
        return line.actor or line.actor_id
    by = (line.details or {}).get("by")
    known = {"command line": _("Command line"), "system": _("The system")}
    return str(known.get(str(by), _("Nobody who is signed in")))


def details_of(line: Line) -> str:
    """In one line; who reads it knows the words of the API."""
    if line.details is None:
        return str(_("Erased"))
    told = ((name, value) for name, value in sorted(line.details.items()) if name != "by")
    return ", ".join(f"{name}: {_value(value)}" for name, value in told)


def _value(value: Detail) -> str:
    if value is None:
        return "–"
    return str(value).lower() if isinstance(value, bool) else str(value)
