"""The rules of draft-pantos-hls-rfc8216bis-22 for this server, listed in docs/rfc8216bis-rules.md."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from broadcast.answer import Answer
from recorder.iso_boxes import boxes, find_path
from tests.broadcast.live_stage import LiveStage, attributes, header, max_age, tags

PROJECT = Path(__file__).resolve().parents[2]
MEDIA, WINDOW = "source/media.m3u8", "source/window.m3u8"
LIVE = (MEDIA, WINDOW)
TARGET = 6


@pytest.fixture
def stage(tmp_path: Path) -> LiveStage:
    """Take 1: segments 0-9, take 2 (a slate): 10-12, take 3: 13-42 and two parts of 43."""
    stage = LiveStage(tmp_path)
    for slate, parts in ((False, 60), (True, 18), (False, 182)):
        stage.writer.begin_take(slate=slate)
        stage.writer.parts(parts)
    return stage


def end(stage: LiveStage) -> None:
    stage.writer.end()
    stage.windows.on_hint({"kind": "state", "session": stage.writer.session_id})


def every_playlist(stage: LiveStage) -> Iterator[tuple[str, str]]:
    """`(tail?query, text)` of all playlists, live and then ended."""
    for tail in ("index.m3u8", "window.m3u8", *LIVE):
        yield tail, stage.text(tail)
    for tail in LIVE:
        yield f"{tail}?skip", stage.text(tail, "_HLS_skip=YES")
    end(stage)
    for tail in ("index.m3u8", "replay-1.m3u8", *LIVE, "source/replay-1.m3u8"):
        yield f"{tail} ended", stage.text(tail)


def media_playlists(stage: LiveStage) -> Iterator[tuple[str, str]]:
    return (item for item in every_playlist(stage) if "#EXT-X-STREAM-INF" not in item[1])


def uris(playlist: str) -> list[str]:
    return [line for line in playlist.split("\n") if line and not line.startswith("#")]


def test_every_rule_of_the_list_has_its_test() -> None:
    rows = re.findall(
        r"^\|[^|]+\|[^|]+\| `([^`]+)::(test_\w+)` \|$",
        (PROJECT / "docs/rfc8216bis-rules.md").read_text(),
        re.M,
    )
    listed = (PROJECT / "docs/rfc8216bis-rules.md").read_text().count("\n| ") - 1
    assert len(rows) == listed > 60, "a row of the list names no test"
    for name, test in rows:
        path = PROJECT / name if "/" in name else PROJECT / "tests/broadcast" / name
        functions = {
            node.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert test in functions, f"{name} has no {test}"


# 3 and 4: media and text


def test_every_segment_has_a_map(stage: LiveStage) -> None:
    for name, text in media_playlists(stage):
        if "skip" in name:
            continue  # the MAP of what stays may be among what was skipped
        current = None
        for line in text.split("\n"):
            if line.startswith("#EXT-X-MAP:"):
                current = attributes(line.partition(":")[2])["URI"]
            elif line.endswith(".m4s") and not line.startswith("#"):
                assert current is not None and current.split("/")[0] == line.split("/")[0], name


def test_the_init_segment(stage: LiveStage) -> None:
    data = stage.get("source/1/init.mp4").body
    kinds = [kind for kind, _, _ in boxes(data)]
    assert kinds[:2] == [b"ftyp", b"moov"]
    start, stop = find_path(data, (b"ftyp",))
    brands = [data[start : start + 4], *(data[n : n + 4] for n in range(start + 8, stop, 4))]
    assert any(brand == b"iso6" for brand in brands)
    moov = find_path(data, (b"moov",))
    inside = [kind for kind, _, _ in boxes(data, *moov)]
    assert inside.count(b"trak") == 2 and inside.index(b"mvex") > 2, "behind the last trak"
    mvhd = find_path(data, (b"moov", b"mvhd"))[0]
    assert data[mvhd] == 0 and int.from_bytes(data[mvhd + 16 : mvhd + 20], "big") == 0


def test_media_segments(stage: LiveStage) -> None:
    data = stage.get("source/1/0.m4s").body
    moofs = [(start, stop) for kind, start, stop in boxes(data) if kind == b"moof"]
    assert len(moofs) == 6
    for start, stop in moofs:
        for kind, inner, outer in boxes(data, start, stop):
            if kind == b"traf":
                parts = {name: at for name, at, _ in boxes(data, inner, outer)}
                assert b"tfdt" in parts
                flags = int.from_bytes(data[parts[b"tfhd"] + 1 : parts[b"tfhd"] + 4], "big")
                assert flags & 0x020000, "default-base-is-moof"
                assert not flags & 0x000001, "no base data offset"


def test_a_segment_is_its_parts(stage: LiveStage) -> None:
    parts = [stage.get(f"source/3/42.{n}.m4s").body for n in range(6)]
    assert stage.get("source/3/42.m4s").body == b"".join(parts)


def test_playlists_are_identifiable(stage: LiveStage) -> None:
    for tail in ("index.m3u8", "window.m3u8", *LIVE):
        assert header(stage.get(tail), "content-type") == "application/vnd.apple.mpegurl"


def test_playlists_are_clean_text(stage: LiveStage) -> None:
    for name, text in every_playlist(stage):
        assert text.startswith("#EXTM3U\n") and text.endswith("\n"), name
        assert unicodedata.is_normalized("NFC", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff ]", text), name
        assert all(re.fullmatch(r"[\w./-]+", uri) for uri in uris(text))


def test_a_playlist_is_of_one_kind(stage: LiveStage) -> None:
    for name, text in every_playlist(stage):
        assert ("#EXT-X-STREAM-INF:" in text) != ("#EXT-X-TARGETDURATION:" in text), name


def test_attribute_lists(stage: LiveStage) -> None:
    names = ("SERVER-CONTROL", "PART-INF", "MAP", "PART", "PRELOAD-HINT", "SKIP", "STREAM-INF")
    seen = set()
    for _, text in every_playlist(stage):
        for name in names:
            for value in tags(text, f"EXT-X-{name}"):
                assert attributes(value)
                seen.add(name)
    assert seen == set(names)


def test_the_version_is_what_is_needed(stage: LiveStage) -> None:
    for name, text in every_playlist(stage):
        if "#EXT-X-STREAM-INF" in text:
            assert tags(text, "EXT-X-VERSION") == [], "nothing in it is newer than version 1"
        else:
            assert tags(text, "EXT-X-VERSION") == ["9" if "#EXT-X-SKIP" in text else "6"], name


def test_no_playlist_tag_twice(stage: LiveStage) -> None:
    once = "TARGETDURATION MEDIA-SEQUENCE DISCONTINUITY-SEQUENCE ENDLIST PLAYLIST-TYPE PART-INF"
    once += " SERVER-CONTROL SKIP"
    for name, text in media_playlists(stage):
        for tag in once.split():
            assert len(tags(text, f"EXT-X-{tag}")) <= 1, (name, tag)


def test_the_target_duration(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    told = set()
    for seconds in (1, 17, 2, 18):  # parts of a segment: up to 6 s
        for number in range(seconds):
            stage.writer.part(starts=number == 0)
        stage.hint()
        text = stage.text(MEDIA)
        told.update(tags(text, "EXT-X-TARGETDURATION"))
        assert all(round(float(value.rstrip(","))) <= TARGET for value in tags(text, "EXTINF"))
    end(stage)
    told.update(tags(stage.text(MEDIA), "EXT-X-TARGETDURATION"))
    assert told == {str(TARGET)}, "it may never change"


def test_sequence_tags_come_first(stage: LiveStage) -> None:
    for name, text in media_playlists(stage):
        first = min(text.index("#EXTINF"), text.find("#EXT-X-DISCONTINUITY\n") % len(text))
        for tag in ("#EXT-X-MEDIA-SEQUENCE:", "#EXT-X-DISCONTINUITY-SEQUENCE:"):
            if tag in text:
                assert text.index(tag) < first, name
        assert "#EXT-X-MEDIA-SEQUENCE:" in text


def test_a_replay_never_changes(stage: LiveStage) -> None:
    end(stage)
    before = stage.get("source/replay-1.m3u8").body
    stage.windows.close()
    again = LiveStage.__new__(LiveStage)
    again.__dict__.update(stage.__dict__)
    from broadcast.live_answers import LiveAnswers
    from broadcast.live_windows import LiveWindows

    again.windows = LiveWindows(stage.writer.settings.session_roots, 0.2, stage.clock)
    again.answers = LiveAnswers(again.windows, stage.book)
    assert again.get("source/replay-1.m3u8").body == before


def test_server_control(stage: LiveStage) -> None:
    told = set()
    for tail in LIVE:
        text = stage.text(tail)
        (control,), (part_inf,) = tags(text, "EXT-X-SERVER-CONTROL"), tags(text, "EXT-X-PART-INF")
        part_target = float(attributes(part_inf)["PART-TARGET"])
        values = attributes(control)
        assert values["CAN-BLOCK-RELOAD"] == "YES"
        assert float(values["CAN-SKIP-UNTIL"]) >= 6 * TARGET
        assert float(values["HOLD-BACK"]) >= 3 * TARGET
        assert float(values["PART-HOLD-BACK"]) >= 3 * part_target - 1e-9
        assert all(float(attributes(p)["DURATION"]) <= part_target for p in tags(text, "EXT-X-PART"))
        told.add((control, part_inf, *tags(text, "EXT-X-TARGETDURATION")))
    assert len(told) == 1, "the same in all playlists"


def test_durations_do_not_drift(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    stage.writer.begin_take()
    for number in range(300):
        stage.writer.part(ticks=29_000 + number * 7 % 900, pictures=2)
    end(stage)
    text = stage.text(MEDIA)
    listed = sum(float(value.rstrip(",")) for value in tags(text, "EXTINF"))
    assert listed == pytest.approx(stage.writer.pts / 90_000, abs=0.0005)


def test_takes_are_discontinuities(stage: LiveStage) -> None:
    lines = [line for line in stage.text(MEDIA).split("\n") if not line.startswith("#EXT-X-PROGRAM")]
    for before, first in ((1, "3/13.m4s"), (1, "2/10.m4s")):
        at = next(n for n, line in enumerate(lines) if first.removesuffix(".m4s") in line)
        assert "#EXT-X-DISCONTINUITY" in lines[at - 3 : at], before
    assert len(tags(stage.text(MEDIA), "EXT-X-DISCONTINUITY")) == 2


def test_dates(stage: LiveStage) -> None:
    for name, text in media_playlists(stage):
        if "skip" in name:
            continue
        assert tags(text, "EXT-X-PROGRAM-DATE-TIME"), name
        for block in text.split("#EXT-X-DISCONTINUITY\n")[1:]:
            before_segment = block.split("#EXTINF")[0]
            assert "#EXT-X-PROGRAM-DATE-TIME" in before_segment, name
        dates = tags(text, "EXT-X-PROGRAM-DATE-TIME")
        assert dates == sorted(set(dates)), "time only goes forward"


def test_independent_parts_say_so(stage: LiveStage) -> None:
    for part in tags(stage.text(MEDIA), "EXT-X-PART"):
        values = attributes(part)
        assert (values.get("INDEPENDENT") == "YES") == values["URI"].endswith(".0.m4s")


def test_tags_of_a_segment_come_before_its_parts(tmp_path: Path) -> None:
    stage = LiveStage(tmp_path)
    for _ in range(2):
        stage.writer.begin_take()
        stage.writer.parts(2)
    lines = stage.text(MEDIA).split("\n")
    first_part = next(n for n, line in enumerate(lines) if "2/1.0.m4s" in line)
    assert [line.split(":")[0] for line in lines[first_part - 3 : first_part]] == [
        "#EXT-X-DISCONTINUITY",
        "#EXT-X-MAP",
        "#EXT-X-PROGRAM-DATE-TIME",
    ]


def test_there_is_one_rendition(stage: LiveStage) -> None:
    assert len(uris(stage.text("index.m3u8"))) == 1
    assert "#EXT-X-MEDIA:" not in stage.text("index.m3u8")
    assert "#EXT-X-RENDITION-REPORT" not in stage.text(MEDIA)


# 6.2.1, 6.2.2: what stays and what goes


def test_all_that_is_listed_is_there(stage: LiveStage) -> None:
    text = stage.text(MEDIA)
    listed = uris(text) + [attributes(p)["URI"] for p in tags(text, "EXT-X-PART") + tags(text, "EXT-X-MAP")]
    assert len(listed) > 90
    for uri in listed:
        assert stage.get(f"source/{uri}").status == 200, uri


def test_the_window_counts_removals(stage: LiveStage) -> None:
    """A segment's two numbers are the same in every playlist that lists it."""
    numbers: dict[str, set[tuple[int, int]]] = {}
    for step in range(30):
        stage.writer.parts(6)
        if step == 10:
            stage.writer.begin_take()
        stage.hint()
        for tail in LIVE:
            for uri, number in numbered(stage.text(tail)):
                numbers.setdefault(uri, set()).add(number)
    assert all(len(found) == 1 for found in numbers.values())
    assert {discontinuity for ((_, discontinuity),) in numbers.values()} == {0, 1, 2, 3}


def numbered(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """`(uri, (media sequence number, discontinuity sequence number))` of each segment (6.2.1)."""
    msn = int(tags(text, "EXT-X-MEDIA-SEQUENCE")[0])
    discontinuity = int(tags(text, "EXT-X-DISCONTINUITY-SEQUENCE")[0])
    for line in text.split("\n"):
        discontinuity += line == "#EXT-X-DISCONTINUITY"
        if line and not line.startswith("#"):
            yield line, (msn, discontinuity)
            msn += 1


def test_parts_leave_in_order(stage: LiveStage) -> None:
    before: list[str] = []
    for _ in range(40):
        stage.writer.part()
        stage.hint()
        text = stage.text(MEDIA)
        parts = [attributes(part)["URI"] for part in tags(text, "EXT-X-PART")]
        spans = [float(attributes(part)["DURATION"]) for part in tags(text, "EXT-X-PART")]
        assert sum(spans) <= 3 * TARGET + 1e-6
        kept = [uri for uri in before if uri in parts]
        assert kept == parts[: len(kept)] and before[len(before) - len(kept) :] == kept
        before = parts


def test_removed_media_is_still_there(stage: LiveStage) -> None:
    text = stage.text(WINDOW)
    assert "1/0.m4s" not in text
    assert stage.get("source/1/0.m4s").status == stage.get("source/1/0.3.m4s").status == 200


def test_the_end(stage: LiveStage) -> None:
    end(stage)
    for tail in LIVE:
        for query in ("", "_HLS_msn=99999", "_HLS_part=1", "_HLS_msn=x&_HLS_part=-1", "_HLS_skip=YES"):
            text = stage.text(tail, query)
            assert text.endswith("#EXT-X-ENDLIST\n")
            assert "#EXT-X-PRELOAD-HINT" not in text and "#EXT-X-SKIP" not in text


# 6.2.5: Delivery Directives


def test_delta_updates(stage: LiveStage) -> None:
    for tail in LIVE:
        whole = stage.text(tail)
        for value in ("YES", "v2"):
            delta = stage.text(tail, f"_HLS_skip={value}")
            (skip,) = tags(delta, "EXT-X-SKIP")
            skipped = int(attributes(skip)["SKIPPED-SEGMENTS"])
            assert uris(delta) == uris(whole)[skipped:]
            for tag in ("EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE"):
                assert tags(delta, tag) == tags(whole, tag)
            shown = sum(float(v.rstrip(",")) for v in tags(delta, "EXTINF"))
            assert shown >= 6 * TARGET


def test_msn_waits_for_the_segment(stage: LiveStage) -> None:
    waiting = stage.hold(MEDIA, "_HLS_msn=43")
    for _ in range(4):
        stage.writer.part()
        stage.hint()
        assert not waiting.done(), "all parts of 43, but a seventh could come"
    stage.writer.part()
    stage.hint()
    assert "\n3/43.m4s\n" in waiting.result(0).body.decode()


def test_part_waits_for_the_part(stage: LiveStage) -> None:
    waiting = stage.hold(MEDIA, "_HLS_msn=43&_HLS_part=3")
    stage.writer.part()
    stage.hint()
    assert not waiting.done()
    stage.writer.part()
    stage.hint()
    assert "3/43.3.m4s" in waiting.result(0).body.decode()
    assert stage.get(MEDIA, "_HLS_msn=43&_HLS_part=1").status == 200


def test_a_part_past_its_segment_is_the_next_ones_first(stage: LiveStage) -> None:
    stage.writer.parts(4)
    stage.hint()
    waiting = stage.hold(MEDIA, "_HLS_msn=43&_HLS_part=6")
    stage.writer.part()
    stage.hint()
    assert '3/44.0.m4s"' in waiting.result(0).body.decode()
    assert stage.get(MEDIA, "_HLS_msn=42&_HLS_part=6").status == 200, "43.0 is there"
    assert stage.get(MEDIA, "_HLS_msn=43&_HLS_part=6").status == 200, "44.0 is there"


def test_a_closed_take_ends_its_segment(stage: LiveStage) -> None:
    waiting = stage.hold(MEDIA, "_HLS_msn=43")
    stage.writer.close_take()
    stage.hint()
    assert "\n3/43.m4s\n" in waiting.result(0).body.decode()
    next_part = stage.hold(MEDIA, "_HLS_msn=43&_HLS_part=2")
    stage.writer.begin_take()
    stage.writer.part()
    stage.hint()
    assert '4/44.0.m4s"' in next_part.result(0).body.decode()


def test_an_old_msn_gets_the_whole_playlist_at_once(stage: LiveStage) -> None:
    for tail in LIVE:
        assert (
            stage.text(tail, "_HLS_msn=0") == stage.text(tail, "_HLS_msn=5&_HLS_part=2") == stage.text(tail)
        )


def test_too_far_ahead(stage: LiveStage) -> None:
    # The last segment is 42; the last part 43.1; the Advance Part Limit 3 / 0.334 = 8.98.
    for query in ("_HLS_msn=45", "_HLS_msn=43&_HLS_part=10", "_HLS_msn=45&_HLS_part=0"):
        assert stage.get(MEDIA, query).status == 400, query
    for query in ("_HLS_msn=44", "_HLS_msn=43&_HLS_part=9", "_HLS_msn=44&_HLS_part=0"):
        stage.hold(MEDIA, query)


# 6.2.6: hints


def hints(text: str) -> dict[str, str]:
    found = [attributes(value) for value in tags(text, "EXT-X-PRELOAD-HINT")]
    assert len({hint["TYPE"] for hint in found}) == len(found), "one of a type"
    return {hint["TYPE"]: hint["URI"] for hint in found}


def test_there_is_always_a_hint(stage: LiveStage) -> None:
    for step in range(20):
        if step == 9:
            stage.writer.close_take()
        elif step == 10:
            stage.writer.begin_take()
            stage.writer.part()
        else:
            stage.writer.part(starts=step in (3, 15)) if step != 9 else None
        stage.hint()
        for tail in LIVE:
            assert "PART" in hints(stage.text(tail))


def test_a_hint_comes_true(stage: LiveStage) -> None:
    for _ in range(3):
        uri = hints(stage.text(MEDIA))["PART"]
        stage.writer.part()
        stage.hint()
        assert f'URI="{uri}"' in "".join(tags(stage.text(MEDIA), "EXT-X-PART"))


def test_a_hinted_part_is_held_until_it_is_complete(stage: LiveStage) -> None:
    uri = hints(stage.text(MEDIA))["PART"]
    assert uri == "3/43.2.m4s"
    waiting = stage.hold(f"source/{uri}")
    stage.writer.part()
    stage.hint()
    answer = waiting.result(0)
    assert answer.status == 200 and answer.body == stage.get(f"source/{uri}").body
    assert int(header(answer, "content-length") or 0) == len(answer.body) > 200


def test_a_hinted_part_that_never_comes(stage: LiveStage) -> None:
    uri = hints(stage.text(MEDIA))["PART"]
    waiting = stage.hold(f"source/{uri}")
    stage.writer.part(starts=True)
    stage.hint()
    assert waiting.result(0).status == 404
    assert stage.get(f"source/{uri}").status == 404


def test_a_new_init_is_hinted(stage: LiveStage) -> None:
    assert "MAP" not in hints(stage.text(MEDIA))
    stage.writer.close_take()
    stage.hint()
    told = hints(stage.text(MEDIA))
    assert told == {"MAP": "4/init.mp4", "PART": "4/44.0.m4s"}
    waiting = [stage.hold(f"source/{uri}") for uri in told.values()]
    stage.writer.begin_take()
    stage.hint()
    assert not any(future.done() for future in waiting), "a take without parts does not exist"
    stage.writer.part()
    stage.hint()
    assert [future.result(0).status for future in waiting] == [200, 200]


# Appendix B.1


def test_priorities(stage: LiveStage) -> None:
    for tail in ("index.m3u8", *LIVE):
        assert header(stage.get(tail), "priority") == "u=1"
    for tail in ("source/1/init.mp4", "source/1/0.m4s", "source/1/0.0.m4s"):
        assert re.fullmatch(r"u=[2-6]", header(stage.get(tail), "priority") or "")


def test_asking_twice_changes_nothing(stage: LiveStage) -> None:
    for tail in ("index.m3u8", *LIVE):
        assert stage.get(tail) == stage.get(tail)


def expired(stage: LiveStage, tail: str, query: str = "") -> Answer:
    waiting = stage.hold(tail, query)
    stage.clock.now += 3 * TARGET + 0.1
    stage.windows.poll()
    return waiting.result(0)


def test_cache_lifetimes_of_playlists(stage: LiveStage) -> None:
    for tail in LIVE:
        assert max_age(stage.get(tail, "_HLS_msn=42")) == 6 * TARGET
        assert max_age(stage.get(tail)) == TARGET // 2
        assert max_age(stage.get(tail, "_HLS_skip=YES")) == TARGET // 2
        held = expired(stage, tail, "_HLS_msn=44")
        assert held.status == 503
        assert header(held, "cache-control") == f"public, max-age=1, s-maxage={4 * TARGET}"
    for tail, query in (("nothing.m3u8", ""), (MEDIA, "_HLS_msn=x")):
        assert max_age(stage.get(tail, query)) == TARGET


def test_cache_lifetimes_of_media(stage: LiveStage) -> None:
    for tail in ("source/1/init.mp4", "source/1/0.m4s", "source/1/0.0.m4s", "source/3/43.1.m4s"):
        told = header(stage.get(tail), "cache-control")
        assert told == "public, max-age=31536000, immutable"
        restricted = stage.get(tail, access=stage.token)
        assert header(restricted, "cache-control") == "public, max-age=600"
    assert max_age(stage.get("source/1/0.9.m4s")) == TARGET
    assert max_age(expired(stage, "source/3/43.2.m4s")) <= TARGET
