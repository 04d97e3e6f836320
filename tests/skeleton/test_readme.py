"""What README, docs and service files say is so: settings, commands, targets, links, dependencies."""

import argparse
import re
import tomllib
from pathlib import Path

import pytest

import app
from settings import FIELDS

PROJECT = Path(__file__).resolve().parents[2]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def table_rows(text: str, heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_table_of_settings_is_the_settings() -> None:
    written = [(row[0].strip("`"), row[1].strip("`"), row[2]) for row in table_rows(README, "Settings")]
    assert written == [(name, field.default, field.meaning) for name, field in FIELDS.items()]


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    names: dict[int, str] = {}
    for name, inner in actions[0].choices.items() if actions else ():
        names.setdefault(id(inner), name)  # an alias of before stands behind its name
    return {name: actions[0].choices[name] for name in names.values()}


def all_commands() -> set[str]:
    found = set()
    for name, parser in subcommands(app._parser()).items():
        below = subcommands(parser)
        found |= {f"{name} {inner}" for inner in below} if below else {name}
    return found


def test_the_table_of_commands_is_the_command_line() -> None:
    first_cells = " ".join(row[0] for row in table_rows(README, "Commands"))
    written = re.findall(r"app\.py ([a-z-]+(?: [a-z-]+)?)", first_cells)
    internal = {"jobs run"}
    assert set(written) == all_commands() - internal


def test_every_target_named_exists_and_every_target_is_named() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert named <= targets
    assert {"run", "test", "check", "faults", "bench", "lock"} <= named
    phony = makefile.split(".PHONY:", 1)[1].split("\n", 1)[0].split()
    assert targets == set(phony)


@pytest.mark.parametrize(
    "page",
    [p.relative_to(PROJECT).as_posix() for p in (PROJECT / "README.md", *PROJECT.glob("docs/**/*.md"))],
)
def test_links_to_files_lead_somewhere(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert ((PROJECT / page).parent / target).exists(), target


def names(requirements: list[object]) -> set[str]:
    return {re.split(r"[<>=\[!~;]", r)[0].strip() for r in requirements if isinstance(r, str)}


def test_each_dependency_has_its_reason() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    text = (PROJECT / "docs/dependencies.md").read_text(encoding="utf-8")
    serve = {row[0] for row in table_rows(text, "To serve")}
    groups = project["dependency-groups"]
    assert serve == names(project["project"]["dependencies"])
    transcribe = {row[0] for row in table_rows(text, "To transcribe")}
    assert transcribe == {"torch"} | names(groups["transcription"] + groups["faster-whisper"])
    assert {row[0] for row in table_rows(text, "To test and check")} == names(groups["test"] + groups["dev"])
    server = {row[0] for row in table_rows(text, "The S3 server of the tests")}
    assert server == names(groups["s3-server"])


@pytest.mark.parametrize(
    ("lock", "least"),
    [
        ("run.lock", 50),
        ("dev.lock", 50),
        ("s3-server.lock", 10),
        ("transcription.lock", 10),
        ("faster-whisper.lock", 10),
    ],
)
def test_locks_have_hashes_and_name_no_index(lock: str, least: int) -> None:
    text = (PROJECT / "requirements" / lock).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > least
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+==\S+", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]


def test_what_serves_is_what_was_tested() -> None:
    run, dev = ((PROJECT / "requirements" / f"{n}.lock").read_text().splitlines() for n in ("run", "dev"))
    assert set(run) <= set(dev)


def test_the_locks_fit_the_ranges() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    locked = set(
        re.findall(r"^([a-z0-9._-]+)==", (PROJECT / "requirements/run.lock").read_text(), re.MULTILINE)
    )
    assert names(project["project"]["dependencies"]) <= locked
