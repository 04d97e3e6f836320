"""Who may import whom (docs/architecture.md), and which modules are private to one file."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("recorder", "broadcast", "library", "people", "operation")

# What of the project each package may import: a prefix of dotted names.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "recorder": (),
    "library": (),
    # Whose recordings they judge, and whose addresses end where an organization's rules get stricter.
    "people": ("library.catalogue", "library.database", "library.keeping", "library.models"),
    "broadcast": (
        "library",
        "people",
        # how a file is replaced whole: a leaf
        "recorder.durable_file",
        # the media log, and the words of its values
        "recorder.edit_list",
        "recorder.edit_list_files",
        # where media are that left the disk
        "recorder.far_media",
        "recorder.gaps",
        "recorder.hidden_spans",
        "recorder.iso_boxes",
        "recorder.log_folders",
        "recorder.media",
        "recorder.media_log_reader",
        "recorder.session_gaps",
        "recorder.session_state",
        # one picture of it, by another process
        "recorder.still_picture",
    ),
    "operation": ("recorder", "broadcast", "library", "people"),  # it joins them
}
AT_THE_TOP = {"app", "settings"}
# What knows nothing of what it runs or writes for.
LEAVES = (
    "recorder/durable_file",
    "operation/supervisor",
    "operation/log_files",
    "operation/log_redaction",
    "operation/logging_setup",
    "operation/open_files",
    "operation/certificate",
)
# What only these may import: the parts of third parties that are not theirs to give.
CONFINED = {
    "aiortc": ("recorder",),
    "aioice": ("recorder",),
    "flask": ("broadcast", "people"),
    "sqlalchemy": ("library", "people", "broadcast", "operation"),
    "granian": ("operation",),
}


def imports_of(path: Path) -> Iterator[str]:
    """Dotted names that a file imports; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files_of(name: str) -> list[Path]:
    single = PROJECT / f"{name}.py"
    return [single] if single.exists() else sorted((PROJECT / name).rglob("*.py"))


def top_level_modules() -> list[str]:
    return sorted(path.stem for path in PROJECT.glob("*.py"))


def begins_with(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    allowed = (package, "settings", *MAY_IMPORT[package])
    others = (*PACKAGES, *top_level_modules())
    wrong = [
        f"{path.relative_to(PROJECT)}: {name}"
        for path in files_of(package)
        for name in imports_of(path)
        if begins_with(name, others) and not begins_with(name, allowed)
    ]
    assert wrong == []


@pytest.mark.parametrize("leaf", ["settings", *LEAVES])
def test_leaves_import_nothing_of_ours(leaf: str) -> None:
    for path in files_of(leaf):
        ours = {name for name in imports_of(path) if begins_with(name, PACKAGES)}
        beside = ("operation.supervisor", "operation.log_files", "operation.log_redaction")
        assert {name for name in ours if not begins_with(name, beside)} == set(), path


def test_the_top_holds_the_command_line_and_the_settings_alone() -> None:
    assert set(top_level_modules()) == AT_THE_TOP


def test_only_the_command_line_imports_what_joins_the_packages() -> None:
    for package in set(PACKAGES) - {"operation"}:
        for path in files_of(package):
            assert not any(begins_with(name, ("operation",)) for name in imports_of(path)), path


def test_app_is_imported_by_nobody() -> None:
    for name in (*PACKAGES, *top_level_modules()):
        for path in files_of(name):
            assert not any(begins_with(imported, ("app",)) for imported in imports_of(path)), path


@pytest.mark.parametrize("library", sorted(CONFINED))
def test_a_third_partys_library_stays_where_it_belongs(library: str) -> None:
    users = {
        name
        for name in (*PACKAGES, *top_level_modules())
        for path in files_of(name)
        if any(begins_with(imported, (library,)) for imported in imports_of(path))
    }
    assert users <= set(CONFINED[library])


def test_private_parts_of_others_are_touched_in_one_file_only() -> None:
    """Ruff's SLF001 forbids it; `aiortc_tap.py` alone is excepted, and nobody excepts himself."""
    exceptions = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    excepted = {path for path, rules in exceptions["per-file-ignores"].items() if "SLF" in rules}
    assert excepted == {"tests/**", "bench/**", "recorder/aiortc_tap.py"}
    for name in (*PACKAGES, *top_level_modules()):
        for path in files_of(name):
            assert "noqa: SLF" not in path.read_text(encoding="utf-8"), path


def test_the_rules_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from broadcast import front\nimport library.jobs as jobs\n")
    assert list(imports_of(bad)) == ["broadcast.front", "library.jobs"]
    assert begins_with("library.jobs", ("library",)) and not begins_with("library_two", ("library",))
