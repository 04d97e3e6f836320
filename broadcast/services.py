"""What the views of this package work with, gathered once by whoever builds the web process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask import current_app

from broadcast.access import AccessBook
from broadcast.event_log import EventLog
from broadcast.ingest_rates import IngestRates
from broadcast.live_poster import LivePosters
from broadcast.recorder_client import RecorderClient
from broadcast.session_directory import SessionDirectory
from broadcast.usage_log import UsageLog
from broadcast.viewers import ViewerCounts
from library.database import Database
from people.entry import Entry
from people.intrusion_signs import SignCounter
from recorder.far_media import FarMedia
from settings import Settings

KEY = "kodo.services"


@dataclass(frozen=True, slots=True)
class WebServices:
    """One per web process; its builder opens and closes what needs it. `tell`: a hint to other processes.

    `announce`: the event feed's, after an event of `event_log` was committed to a room. `far`: reads what was
    moved into the object store. `signs`: of an intrusion; `entry`: the organizations' doors.
    """

    settings: Settings
    database: Database
    secret: bytes
    recorder: RecorderClient
    access: AccessBook
    directory: SessionDirectory
    viewers: ViewerCounts
    usage: UsageLog
    event_log: EventLog
    announce: Callable[[str], None]
    tell: Callable[[Mapping[str, object]], None]
    posters: LivePosters
    signs: SignCounter | None = None
    far: FarMedia | None = None
    entry: Entry | None = None
    rates: IngestRates = field(default_factory=IngestRates)

    def access_changed(self, room_id: str = "") -> None:
        """Media addresses of before may be void (of one room; empty: of any): here at once, in the other
        processes as they hear it. After the change was committed.
        """
        self.access.refresh()
        self.tell({"kind": "access", "room": room_id})


def services() -> WebServices:
    """Of the application that answers this request."""
    installed: WebServices = current_app.extensions[KEY]
    return installed
