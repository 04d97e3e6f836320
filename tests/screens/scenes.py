"""Every page and state that is photographed, and how it is reached."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, Route
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.end_to_end import kept_copy
from tests.screens.stage import DESCRIPTION, Stage, sign_in

Act = Callable[[Page, Stage], None]


@dataclass(frozen=True)
class Scene:
    """`ready`: a selector that tells that it shows what it should. `before`, `after`: done around opening it;
    `each`: before each picture, for what goes when the window changes.

    `empty`: of the new installation. `plays`: there is a picture to wait for. `who`: is signed in, where that
    is not the owner of the rooms.
    """

    name: str
    words: str
    path: str
    ready: str = "main"
    signed_in: bool = False
    empty: bool = False
    who: str = ""
    before: Act | None = None
    after: Act | None = None
    each: Act | None = None
    plays: bool = False
    languages: tuple[str, ...] = ("ja", "en")


ALL_LANGUAGES = ("ja", "en", "zh")
PICTURE = (
    "() => document.querySelector('video').readyState >= 2 && document.querySelector('video').videoWidth > 0"
)


REPLAY = "#room[data-state=replay]"


def scenes(stage: Stage) -> list[Scene]:
    return [
        *_front(stage),
        *_library(stage),
        *_doors(stage),
        *_hall(stage),
        *_own_rooms(),
        *_jobs(),
        *_people(),
        *_usage(stage),
        *_health(),
        *_studio(),
        *_completion(),
    ]


def _front(stage: Stage) -> list[Scene]:
    return [
        Scene("front", "Front page", "/", "#live .count:visible", languages=ALL_LANGUAGES),
        Scene("front-lecturer", "Front page of a lecturer", "/", "#own-live", signed_in=True),
        Scene(
            "front-empty",
            "Front page of a new installation",
            "/",
            "#no-live:visible",
            empty=True,
            languages=ALL_LANGUAGES,
        ),
        Scene("front-found", "Front page: found", "/?q=理論", "#recordings li"),
        Scene("front-said", "Front page: said in lectures", "/?q=典型", "#said li", languages=ALL_LANGUAGES),
        Scene("front-nothing", "Front page: nothing found", "/?q=xyzzy", "#nothing:visible"),
        Scene("front-coming", "Front page: more on its way", "/", "#coming:visible", after=_more_that_hangs),
        Scene("front-away", "Front page: the server is away", "/", "#trouble:visible", before=_server_away),
        Scene(
            "languages",
            "The menu of languages",
            "/",
            "#languages:popover-open",
            empty=True,
            each=_open_languages,
            languages=ALL_LANGUAGES,
        ),
        Scene("design", "The living page of components", "/design", "[data-enough=true]"),
        Scene("missing", "No such page", "/rooms/nowhere"),
    ]


def _library(stage: Stage) -> list[Scene]:
    return [
        Scene("library", "The library", "/library", "#recordings", languages=ALL_LANGUAGES),
        Scene("library-lines", "The library as lines", "/library?view=list", "#recordings", signed_in=True),
        Scene("library-nothing", "The library: nothing found", "/library?q=xyzzy", "#nothing"),
        Scene("library-empty", "The library of a new installation", "/library", "#nothing", empty=True),
        Scene(
            "library-upload",
            "The library: an upload begins",
            "/library",
            "#recordings",
            signed_in=True,
            after=_open_upload,
        ),
        Scene(
            "library-uploads",
            "The library: an upload failed",
            "/library",
            "#upload-lines [data-state=failed]",
            signed_in=True,
            before=_broken_upload,
        ),
        Scene(
            "trash",
            "The trash",
            "/library?trash=1",
            "#deleted-rooms li",
            signed_in=True,
        ),
        Scene(
            "trash-empty",
            "The trash: empty",
            "/library?trash=1",
            "#nothing",
            who="another",
            languages=("ja",),
        ),
        Scene(
            "recording-edit",
            "What is said of a recording",
            f"/watch/{stage.past}/edit",
            "#recording-form",
            signed_in=True,
            languages=ALL_LANGUAGES,
        ),
    ]


def _open_upload(page: Page, _stage: Stage) -> None:
    page.click("#upload-open")
    page.wait_for_selector("#upload-dialog[open]")


def _broken_upload(_page: Page, stage: Stage) -> None:
    """Once: later pictures show the same."""
    broken = stage.full.folder / "broken.mp4"
    if not broken.exists():
        broken.write_bytes(b"no film" * 1000)
        stage.full.run("library", "add", str(broken), "--title", "行列式", "--owner", "yamada")


def _doors(stage: Stage) -> list[Scene]:
    return [
        Scene("setup", "Set-up of a new installation", stage.setup, "#organization", empty=True),
        Scene("sign-in", "Sign-in", "/sign-in", "#password", languages=ALL_LANGUAGES),
        Scene(
            "sign-in-wrong",
            "Sign-in with a wrong password",
            "/sign-in",
            "[role=alert]",
            after=_wrong_password,
        ),
        Scene("invitation", "An invitation", stage.invitation, "#again", languages=ALL_LANGUAGES),
        Scene("forgotten-password", "A forgotten password", "/forgotten-password"),
    ]


def _hall(stage: Stage) -> list[Scene]:
    return [
        Scene(
            "room-live",
            "Room, live, with a long title",
            "/rooms/algebra",
            "#room[data-state=live]",
            plays=True,
        ),
        Scene(
            "room-slate",
            "Room, the lecturer is away",
            "/rooms/physics",
            "#room[data-state=slate]",
            plays=True,
        ),
        Scene(
            "room-replay", "Room, ended: the replay", "/rooms/past", "#room[data-state=replay]", plays=True
        ),
        Scene("watch", "A recording's page", f"/watch/{stage.past}", "#room[data-state=replay]", plays=True),
        Scene(
            "watch-seek",
            "A recording: what is there, over the seek bar, and how loud it is",
            f"/watch/{stage.past}",
            ".preview-picture:visible",
            signed_in=True,
            after=_stand_still,
            each=_point_at_seek_bar,
            plays=True,
        ),
        Scene(
            "room-transcript",
            "A recording with captions and its transcript",
            f"/watch/{stage.past}",
            ".line[aria-current]",
            plays=True,
            after=_read_along,
            languages=ALL_LANGUAGES,
        ),
        Scene(
            "room-chapters",
            "A recording with the list of its chapters",
            f"/watch/{stage.past}",
            "#chapter-lines [aria-current]",
            plays=True,
            after=_look_at_chapters,
        ),
        Scene("room-waiting", "Room before the lecture", "/rooms/waiting", "#room[data-state=waiting]"),
        Scene("room-next", "Room before a scheduled lecture", "/rooms/seminar", "#scheduled:visible"),
        Scene(
            "room-replay-next",
            "Room, ended: the replay, and what comes next",
            "/rooms/past",
            "#scheduled:visible",
            plays=True,
            languages=("ja",),
        ),
        Scene("room-locked", "Room with a password", "/rooms/locked", "#room[data-state=locked]"),
        Scene("room-members", "Room for members", "/rooms/members", "#room[data-state=members]"),
        Scene("room-share", "Sharing", "/rooms/past", "#share-dialog[open]", after=_share),
        Scene("room-keys", "Keyboard shortcuts", "/rooms/past", "#key-sheet[open]", after=_keys),
        Scene("embed", "The player for other sites", "/rooms/past?embed=1", REPLAY, plays=True),
    ]


def _own_rooms() -> list[Scene]:
    return [
        Scene("rooms", "Own rooms", "/rooms", "li.card", signed_in=True),
        Scene("rooms-new", "A new room", "/rooms", "dialog[open]", signed_in=True, after=_new_room),
        Scene(
            "rooms-new-wrong",
            "A new room: taken",
            "/rooms",
            "#new-room-problem:visible",
            signed_in=True,
            after=_taken_room,
        ),
        Scene(
            "settings-guests",
            "Settings: invited people and links",
            "/rooms/waiting/settings",
            "#guests",
            signed_in=True,
            after=_links,
        ),
        Scene("settings", "Settings of a room", "/rooms/locked/settings", "#keys:visible", signed_in=True),
        Scene(
            "settings-key",
            "A new stream key",
            "/rooms/waiting/settings",
            "#new-key:visible",
            signed_in=True,
            after=_new_key,
        ),
        Scene(
            "settings-scheduled",
            "Settings: scheduled lectures",
            "/rooms/seminar/settings",
            "#plans li",
            signed_in=True,
        ),
        Scene(
            "settings-plan",
            "A lecture is scheduled",
            "/rooms/seminar/settings",
            "#plan-dialog[open]",
            signed_in=True,
            after=_plan,
        ),
        Scene(
            "settings-call-off",
            "A scheduled lecture is called off",
            "/rooms/seminar/settings",
            "#call-off-dialog[open]",
            signed_in=True,
            after=_call_off,
            languages=("ja",),
        ),
        Scene(
            "settings-revoke",
            "A key is revoked",
            "/rooms/past/settings",
            "dialog[open]",
            signed_in=True,
            after=_revoke,
        ),
        Scene(
            "settings-delete",
            "A room is deleted",
            "/rooms/past/settings",
            "#delete-dialog[open]",
            signed_in=True,
            after=_delete_room,
            languages=("ja",),
        ),
    ]


def _people() -> list[Scene]:
    people, ready = "/admin/people", "html[data-ready=true]"
    return [
        Scene("people", "People", people, ready, who="admin", languages=ALL_LANGUAGES),
        Scene("people-nobody", "People: nobody found", f"{people}?q=xyzzy", ready, who="admin"),
        Scene("people-invite", "People: an invitation", people, ready, who="admin", after=_click("#invite")),
        Scene("people-import", "People: a CSV file", people, ready, who="admin", after=_click("#import")),
        Scene("person", "One person", f"{people}?q=mori", ready, who="admin", after=_first_person),
        Scene("account", "The own account", "/account", ready, signed_in=True, languages=ALL_LANGUAGES),
    ]


def _click(selector: str) -> Act:
    return lambda page, _: page.click(selector)


def _first_person(page: Page, stage: Stage) -> None:
    page.click("#people a")
    page.wait_for_url("**/admin/people/*")
    page.wait_for_selector("html[data-ready=true]")


def _jobs() -> list[Scene]:
    path = "/admin/jobs"
    return [
        Scene(
            "doors", "Doors: tried", "/admin/doors", "html[data-ready=doors]", who="admin", after=_try_doors
        ),
        Scene("jobs", "Jobs", path, "#running li", who="admin", languages=ALL_LANGUAGES),
        Scene("jobs-failed", "Jobs: why one failed", path, "#failed pre:visible", who="admin", after=_log),
        Scene("jobs-empty", "Jobs: none yet", path, "#nothing:visible", who="another"),
        Scene(
            "recording-rule",
            "Which lectures are recorded",
            "/admin/recording",
            "#rule-form",
            who="admin",
            languages=ALL_LANGUAGES,
        ),
        Scene(
            "backups",
            "Backups",
            "/admin/backups",
            "#found li",
            who="operator",
            languages=ALL_LANGUAGES,
        ),
        Scene(
            "backups-return",
            "Backups: bring back a recording",
            "/admin/backups",
            "#found li",
            who="operator",
            after=_open_return,
        ),
        Scene(
            "backups-room",
            "Backups: bring back a room",
            "/admin/backups",
            "#found li",
            who="operator",
            before=_address_taken,
            after=_open_room_return,
            languages=("ja",),
        ),
        Scene("audit", "The audit log", "/admin/audit", "#asked[data-ready]", who="admin"),
        Scene(
            "audit-nothing", "The audit log: nothing fits", "/admin/audit?who=xyzzy", "#nothing", who="admin"
        ),
    ]


def _open_return(page: Page, _stage: Stage) -> None:
    page.locator("#found [data-act=return]").first.click()
    page.wait_for_selector("#return-dialog[open]")


def _address_taken(page: Page, _stage: Stage) -> None:
    """Another room has the room's address now, and its owner is gone."""

    def tell(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["rooms"] = [{**one, "slug_free": False, "owner_here": False} for one in told["rooms"]]
        route.fulfill(response=answer, json=told)

    page.route("**/api/v1/backups/recordings?*", tell)


def _open_room_return(page: Page, _stage: Stage) -> None:
    page.locator("#found [data-act=return-room]").first.click()
    page.wait_for_selector("#room-dialog[open]")


def _usage(stage: Stage) -> list[Scene]:
    return [
        Scene("usage", "Usage", "/admin/usage", "#rooms-title", who="admin", languages=ALL_LANGUAGES),
        Scene("usage-empty", "Usage: nothing yet", "/admin/usage", ".empty:visible", who="another"),
        Scene("notices", "Notices to all users", "/admin/notices", "#notice-list li", who="admin"),
        Scene(
            "notice",
            "A notice at the head of a page",
            "/rooms",
            "[data-notice]",
            signed_in=True,
            before=_announced,
            after=_look_again,
        ),
        Scene(
            "personal-data",
            "A person's data, and erasing them",
            f"/admin/people/{stage.owner}/data",
            "#erase-form",
            who="admin",
        ),
        Scene("account-data", "One's own data", "/account/data", "h2", signed_in=True),
    ]


def _announced(page: Page, _stage: Stage) -> None:
    """On this page alone: a real one would stand on all the others, too."""
    text = (
        "今夜22:00から約30分、保守のため配信を止めます。\nMaintenance tonight from 22:00, about 30 minutes."
    )
    shown = {"notices": [{"id": "x", "text": text, "language": "ja"}]}
    page.route("**/api/v1/notices", lambda route: route.fulfill(json=shown))


def _look_again(page: Page, _stage: Stage) -> None:
    page.wait_for_selector("#site-notices[data-ready]", state="attached")
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("[data-notice]")


def _health() -> list[Scene]:
    looked = "#checks li[data-check=disk]"
    return [
        Scene("dashboard", "Dashboard", "/admin", "#live tr", who="operator", languages=ALL_LANGUAGES),
        Scene("dashboard-admin", "Dashboard of an organization", "/admin", "#live tr", who="admin"),
        Scene("health", "Health", "/admin/health", looked, who="operator", languages=ALL_LANGUAGES),
    ]


def _studio() -> list[Scene]:
    studio = "#go-live:enabled"
    return [
        Scene("studio", "Studio before going live", "/rooms/waiting/studio", studio, signed_in=True),
        Scene(
            "studio-live",
            "Studio on air",
            "/rooms/waiting/studio",
            "#studio[data-state=live]",
            signed_in=True,
            after=_go_live,
        ),
        Scene(
            "studio-inset",
            "Studio: the camera over the screen",
            "/rooms/waiting/studio",
            "#inset:visible",
            signed_in=True,
            after=_camera_over_screen,
        ),
        Scene(
            "studio-line",
            "Studio: the numbers behind the line",
            "/rooms/waiting/studio",
            "#line-figures:visible",
            signed_in=True,
            after=_line_figures,
        ),
        Scene(
            "studio-keys",
            "Studio: its keys",
            "/rooms/waiting/studio",
            "#shortcuts-dialog[open]",
            signed_in=True,
            after=_studio_keys,
        ),
        Scene(
            "studio-end",
            "Studio: End asks once",
            "/rooms/waiting/studio",
            "#end-dialog[open]",
            signed_in=True,
            after=_ask_to_end,
        ),
        Scene(
            "studio-title",
            "Studio: title and description",
            "/rooms/waiting/studio",
            "#title-dialog[open]",
            signed_in=True,
            after=_edit_title,
            languages=("ja",),
        ),
        Scene(
            "studio-films",
            "Studio before a scheduled lecture, with films",
            "/rooms/seminar/studio",
            "#film-list li",
            signed_in=True,
        ),
        Scene(
            "studio-film",
            "Studio: a film is played",
            "/rooms/films/studio",
            "#film-now:visible",
            signed_in=True,
            after=_play_film,
        ),
        Scene(
            "studio-film-delete",
            "Studio: a film is deleted",
            "/rooms/seminar/studio",
            "#film-delete[open]",
            signed_in=True,
            after=_delete_film,
            languages=("ja",),
        ),
        Scene(
            "studio-elsewhere",
            "Studio of a room that is live elsewhere",
            "/rooms/algebra/studio",
            "#studio[data-air=true]",
            signed_in=True,
        ),
    ]


def _completion() -> list[Scene]:
    """The studio of a lecture whose line was cut, on a computer that kept a copy."""

    def scene(state: str, words: str, after: Act, *languages: str) -> Scene:
        ready = f"#completion[data-state={state}]"
        return Scene(
            f"studio-copy-{state}",
            f"Studio: the safety copy, {words}",
            "/rooms/past/studio",
            ready,
            signed_in=True,
            before=_cut_recording,
            after=after,
            languages=languages,
        )

    return [
        scene("found", "a gap is found", _copy_left, "ja", "en"),
        scene("uploading", "being uploaded", _copy_on_its_way, "ja"),
        scene("complete", "the recording is complete", _copy_used, "en"),
        scene("failed", "the server has failed", _copy_useless, "ja"),
    ]


def _more_that_hangs(page: Page, stage: Stage) -> None:
    page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    page.click("#more")


def _server_away(page: Page, stage: Stage) -> None:
    page.route("**/api/v1/lectures**", lambda route: route.abort())


def _open_languages(page: Page, stage: Stage) -> None:
    if not page.is_visible("#languages"):
        page.click("[popovertarget=languages]")


def _try_doors(page: Page, _stage: Stage) -> None:
    page.fill("#try-address", "203.0.113.9")
    page.click("#try-form button")
    page.wait_for_selector("#tried[data-let-in=yes]")


def _links(page: Page, _stage: Stage) -> None:
    page.wait_for_selector("#guests[data-ready=yes]")
    page.fill("#invite-text", "tanaka, suzuki@example.ac.jp")
    page.click("#invite-form button")
    page.click("#invited-count")
    page.fill("#link-label", "合宿の参加者")
    page.click("#link-form button")
    page.wait_for_selector("#link-list li")


def _wrong_password(page: Page, stage: Stage) -> None:
    sign_in(page, stage.full, "not this one")


def _read_along(page: Page, stage: Stage) -> None:
    page.wait_for_selector("#transcript-open:visible")
    page.evaluate("() => document.querySelector('video').pause()")
    page.evaluate("() => { document.querySelector('video').currentTime = 6.8; }")
    page.click("#transcript-open")
    page.click("#transcript-captions")


def _look_at_chapters(page: Page, stage: Stage) -> None:
    page.wait_for_selector("#chapters-open:visible")
    page.evaluate("() => document.querySelector('video').pause()")
    page.evaluate("() => { document.querySelector('video').currentTime = 3; }")
    page.click("#chapters-open")


def _share(page: Page, stage: Stage) -> None:
    page.wait_for_selector(REPLAY)
    page.click("#share")


def _stand_still(page: Page, stage: Stage) -> None:
    """Controls stay where nothing plays."""
    page.wait_for_selector(".loudness")
    page.evaluate("() => document.querySelector('video').pause()")


def _point_at_seek_bar(page: Page, stage: Stage) -> None:
    """Moves along it until the preview is there: after a change of width the player lays itself out first."""
    for share in (0.5, 0.52, 0.54, 0.56, 0.58):
        bar = page.locator(".seek").bounding_box()
        assert bar is not None
        page.mouse.move(bar["x"] + share * bar["width"], bar["y"] + bar["height"] / 2, steps=4)
        try:
            page.wait_for_selector(".preview-picture:visible", timeout=3_000)
        except PlaywrightTimeout:
            continue
        return


def _keys(page: Page, stage: Stage) -> None:
    page.wait_for_selector(REPLAY)
    page.click("#keys")


def _new_room(page: Page, stage: Stage) -> None:
    page.click("[data-open-new-room]")


def _taken_room(page: Page, stage: Stage) -> None:
    page.click("[data-open-new-room]")
    page.fill("#new-room #title", "線形代数")
    page.fill("#new-room #slug", "algebra")
    page.click("#new-room button.primary")


def _log(page: Page, stage: Stage) -> None:
    page.click("#failed summary")
    page.wait_for_function("() => document.querySelector('#failed pre').textContent")


def _new_key(page: Page, stage: Stage) -> None:
    page.fill("#key-label", "OBS")
    page.click("#key-form button")


def _revoke(page: Page, stage: Stage) -> None:
    page.click("#keys tbody button")


def _delete_room(page: Page, stage: Stage) -> None:
    page.click("#delete-room")


def _plan(page: Page, stage: Stage) -> None:
    page.click("#plan")
    page.fill("#plan-title", "固有値と固有ベクトル")
    page.fill("#plan-description", DESCRIPTION)


def _call_off(page: Page, stage: Stage) -> None:
    page.click("#plans [data-act=call_off]")


def _edit_title(page: Page, stage: Stage) -> None:
    _be_live(page, stage)
    page.click("#edit-title")
    page.fill("#new-description", DESCRIPTION)


def _play_film(page: Page, stage: Stage) -> None:
    """The first look makes the film; the others find it being played."""
    ready = "#film-list li[data-state=ready] [data-act=play]"
    page.wait_for_selector("#go-live:enabled, #resume-button:visible")
    if not page.is_visible("#film-now"):
        _be_live(page, stage)
        if not page.locator(ready).count():
            page.set_input_files("#films-file", str(stage.film))
        page.click(f"{ready}:enabled", timeout=60_000)
        page.wait_for_selector("#films[data-state=playing]")
        page.click("#film-pause")
    page.wait_for_selector("#films[data-state=paused]")


def _delete_film(page: Page, stage: Stage) -> None:
    page.click("#film-list [data-act=delete]:visible >> nth=0")


def _go_live(page: Page, stage: Stage) -> None:
    page.click("#go-live:enabled, #resume-button:visible")  # another language's picture has just gone
    page.wait_for_selector("#recording:visible")


def _be_live(page: Page, stage: Stage) -> None:
    if page.get_attribute("#studio", "data-state") != "live":
        _go_live(page, stage)
        page.wait_for_selector("#studio[data-state=live]")


def _camera_over_screen(page: Page, stage: Stage) -> None:
    _be_live(page, stage)
    page.click("[data-scene=inset]")


def _line_figures(page: Page, stage: Stage) -> None:
    _be_live(page, stage)
    page.click("#line:visible")


def _studio_keys(page: Page, stage: Stage) -> None:
    page.click("#shortcuts")


def _ask_to_end(page: Page, stage: Stage) -> None:
    _be_live(page, stage)
    page.click("#end")


STARTED = 1_795_000_000
COPY_BYTES = 24_000_000
UPLOAD_PIECE = 8 << 20  # as tus_upload.js sends it
HEALING = {"state": None, "progress": None, "message": None}


def _cut_recording(page: Page, stage: Stage) -> None:
    """What the API tells of the lecture; nothing of it is healed in truth."""
    _tell_gaps(page, HEALING)
    page.route("**/complete", lambda route: route.fulfill(status=202, json={}))
    page.route("**/copies", _upload_made)


def _tell_gaps(page: Page, healing: dict[str, Any], *, left: bool = True) -> None:
    gaps = [{"start": 20.0, "end": 40.0}] if left else []
    told = {"ended": True, "started_at": STARTED, "server_time": STARTED, "gaps": gaps, "edit_version": 1}
    page.route("**/gaps", lambda route: route.fulfill(json=told | {"healing": healing}))


def _upload_made(route: Route) -> None:
    address = route.request.url + "/one/upload"
    route.fulfill(status=201, headers={"Location": address, "Tus-Resumable": "1.0.0"})


def _copy_left(page: Page, stage: Stage) -> None:
    kept_copy.leave(page, "one", "past", stage.past, began_at=STARTED, size=COPY_BYTES)
    page.reload()
    page.wait_for_selector("#completion[data-state=found]")


def _copy_on_its_way(page: Page, stage: Stage) -> None:
    page.route("**/upload", _first_piece_only())
    _copy_left(page, stage)
    page.click("[data-act=complete]")
    page.wait_for_selector("#completion progress:not([value='0'])")


def _first_piece_only() -> Callable[[Route], None]:
    """Takes the first piece of an upload, and lets the next one hang."""
    taken: list[str] = []

    def take(route: Route) -> None:
        if not taken:
            taken.append(route.request.url)
            route.fulfill(status=204, headers={"Upload-Offset": str(UPLOAD_PIECE), "Tus-Resumable": "1.0.0"})

    return take


def _copy_used(page: Page, stage: Stage) -> None:
    _take_all(page)
    _copy_left(page, stage)

    def complete(route: Route) -> None:
        _tell_gaps(page, HEALING | {"state": "done"}, left=False)
        route.fulfill(status=202, json={})

    page.route("**/complete", complete)
    page.click("[data-act=complete]")


def _copy_useless(page: Page, stage: Stage) -> None:
    _tell_gaps(page, HEALING | {"state": "failed"})
    kept_copy.leave(page, "one", "past", stage.past, began_at=STARTED, size=COPY_BYTES)
    page.reload()


def _take_all(page: Page) -> None:
    def take(route: Route) -> None:
        offset = min(COPY_BYTES, int(route.request.headers["upload-offset"]) + UPLOAD_PIECE)
        route.fulfill(status=204, headers={"Upload-Offset": str(offset), "Tus-Resumable": "1.0.0"})

    page.route("**/upload", take)
