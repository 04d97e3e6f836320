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
from broadcast.viewers import ViewerCounts
from library.database import Database
from recorder.far_media import FarMedia
from settings import Settings

KEY = "kodo.services"


@dataclass(frozen=True, slots=True)
class WebServices:
    """One per web process; its builder opens and closes what needs it. `tell`: a hint to other processes.

    `announce`: the event feed's, after an event of `event_log` was committed to a room. `far`: reads what was
    moved into the object store.
    """

    settings: Settings
    database: Database
    secret: bytes
    recorder: RecorderClient
    access: AccessBook
    directory: SessionDirectory
    viewers: ViewerCounts
    event_log: EventLog
    announce: Callable[[str], None]
    tell: Callable[[Mapping[str, object]], None]
    posters: LivePosters
    far: FarMedia | None = None
    rates: IngestRates = field(default_factory=IngestRates)


def services() -> WebServices:
    """Of the application that answers this request."""
    installed: WebServices = current_app.extensions[KEY]
    return installed
