"""Settings: every one is checked, and the error bears its name."""

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import pytest

from library.database import open_database
from operation.certificate import make_certificate, write_certificate
from settings import FIELDS, BucketPlace, Settings, SettingsError, unknown_names


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_environment({})
    assert settings.storage == Path("storage").absolute()
    assert settings.public_url == "http://localhost:8000"
    assert settings.database_url == f"sqlite:///{settings.storage}/kodo.db"
    assert not settings.secure


def test_every_field_of_the_object_comes_from_one_variable() -> None:
    names = [field.name for field in dataclasses.fields(Settings)]
    assert sorted(names) == sorted(known.field for known in FIELDS.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KODO_STORAGE", "/dev/null"),
        ("KODO_HOST", "lectures.example"),
        ("KODO_PORT", "0"),
        ("KODO_PORT", "65536"),
        ("KODO_PORT", "http"),
        ("KODO_PORT", "８０００"),
        ("KODO_PUBLIC_URL", "lectures.example"),
        ("KODO_PUBLIC_URL", "ftp://lectures.example"),
        ("KODO_PUBLIC_URL", "https://"),
        ("KODO_PUBLIC_URL", "https://lectures.example/kodo"),
        ("KODO_PUBLIC_URL", "https://me:secret@lectures.example"),
        ("KODO_DATABASE_URL", "mysql://kodo@localhost/kodo"),
        ("KODO_DATABASE_URL", "sqlite:kodo.db"),
        ("KODO_DATABASE_URL", "sqlite://"),
        ("KODO_DATABASE_URL", "sqlite:///"),
        ("KODO_DATABASE_URL", "sqlite://kodo.db"),
        ("KODO_DATABASE_URL", "sqlite:///?timeout=1"),
        ("KODO_DATABASE_URL", "sqlite:///:memory:"),
        ("KODO_DATABASE_URL", "sqlite:///file:kodo.db"),
        ("KODO_DATABASE_URL", "sqlitex:///kodo.db"),
        ("KODO_DATABASE_URL", "postgresql:kodo"),
        ("KODO_DATABASE_URL", "postgresqlx://kodo@db/kodo"),
        ("KODO_DATABASE_URL", "postgresql://kodo@db:many/kodo"),
        ("KODO_DATABASE_URL", "postgresql://kodo@db:5432:5433/kodo"),
        ("KODO_TLS_CERTIFICATE", "/no/such/file.pem"),
        ("KODO_TLS_KEY", "/"),
        ("KODO_ICE_ADDRESS", "lectures.example"),
        ("KODO_UDP_PORTS", "40000"),
        ("KODO_UDP_PORTS", "40000-40003"),
        ("KODO_UDP_PORTS", "40100-40000"),
        ("KODO_UDP_PORTS", "80-200"),
        ("KODO_STUN_URL", "turn:turn.example"),
        ("KODO_TURN_URL", "turn:"),
        ("KODO_PART_SECONDS", "0.1"),
        ("KODO_PART_SECONDS", "nan"),
        ("KODO_PART_SECONDS", "1e-1"),
        ("KODO_VIDEO_KILOBITS", "-1"),
        ("KODO_ABSENCE_SECONDS", "forever"),
        ("KODO_BEACON_SECONDS", "0"),
        ("KODO_FRAME_ANCESTORS", "self"),
        ("KODO_FRAME_ANCESTORS", "https://lms.example; script-src *"),
        ("KODO_FRAME_ANCESTORS", "https://lms.example, https://other.example"),
        ("KODO_FRAME_ANCESTORS", "'self' 'none'"),
        ("KODO_FRAME_ANCESTORS", "https://lms.example/course"),
        ("KODO_FRAME_ANCESTORS", "https://講堂.example"),
        ("KODO_DISK_FLOOR", "2 gigabytes"),
        ("KODO_DISK_FLOOR", "-1"),
        ("KODO_SPILL_FOLDER", "/dev/null"),
        ("KODO_SPILL_SIZE", "lots"),
        ("KODO_CAMERA_NETWORKS", "192.168.20.1/24"),
        ("KODO_TRUSTED_PROXIES", "nginx"),
        ("KODO_HSTS_SECONDS", "-1"),
        ("KODO_CAMERA_NETWORKS", "camera.example"),
        ("KODO_UPLOAD_SIZE", "huge"),
        ("KODO_UPLOAD_SECONDS", "0"),
        ("KODO_CLAMAV", "clamd"),
        ("KODO_CLAMAV", "localhost:scan"),
        ("KODO_CLAMAV", ":3310"),
        ("KODO_OBJECTS", "s3"),
        ("KODO_OBJECTS", "s3://"),
        ("KODO_OBJECTS", "s3://Lectures"),
        ("KODO_OBJECTS", "s3://lec..tures"),
        ("KODO_OBJECTS", "s3://me:secret@lectures"),
        ("KODO_OBJECTS", "s3://lectures/../other"),
        ("KODO_OBJECTS", "s3://lectures//kodo"),
        ("KODO_OBJECTS", "https://lectures.s3.example"),
        ("KODO_OBJECTS_KEEP_LOCAL_DAYS", "never"),
        ("KODO_OBJECTS_KEEP_LOCAL_DAYS", "7"),  # without a bucket
        ("KODO_OBJECTS_DISK_MARK", "half"),
        ("KODO_OBJECTS_CACHE", "-1"),
        ("KODO_BACKUP", "s3://"),
        ("KODO_BACKUP", "never"),
        ("KODO_BACKUP_DIR", "/dev/null"),
        ("KODO_BACKUP_DIR", "."),  # the storage lies in it
        ("KODO_BACKUP_TIME", "3 o'clock"),
        ("KODO_BACKUP_TIME", "24:00"),
        ("KODO_BACKUP_KEEP", "0"),
        ("KODO_BACKUP_KEY_FILE", "/no/such/key"),
        ("KODO_S3_ENDPOINT", "s3.example"),
        ("KODO_S3_ENDPOINT", "https://s3.example/bucket"),
        ("KODO_S3_REGION", "eu central"),
        ("KODO_S3_PATH_STYLE", "path"),
        ("KODO_WEB_WORKERS", "0"),
        ("KODO_SAFETY_DAYS", "0"),
        ("KODO_SAFETY_DAYS", "a week"),
        ("KODO_JOB_LANES", "export=0"),
        ("KODO_JOB_LANES", "export"),
        ("KODO_TRANSCRIPTION_ENGINE", "whisperer"),
        ("KODO_ALARM_MAIL", "admin@example.jp, nobody"),
        ("KODO_ALARM_WEBHOOK", "file:///etc/passwd"),
        ("KODO_ALARM_WEBHOOK", "https://a:b@hooks.example"),
        ("KODO_CHECK_SECONDS", "300"),
        ("KODO_LIVE_PROBE", "maybe"),
        ("KODO_NTP_SERVER", "ntp.example:99999"),
        ("KODO_NTP_SERVER", "two words"),
        ("KODO_SMTP_URL", "mail.example"),
        ("KODO_MAIL_FROM", "kodo@example.jp>"),
        ("KODO_MAIL_FROM", "Kodo kodo@example.jp"),
        ("KODO_MAIL_FROM", "a@x.jp\nBcc: b <b@x.jp>"),
        ("KODO_LOG_LEVEL", "loud"),
        ("KODO_LOG_SIZE", "ten"),
    ],
)
def test_a_wrong_value_is_refused_with_the_settings_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({name: value})
    assert refused.value.name == name
    assert str(refused.value).startswith(f"{name}: ")


def test_every_setting_that_can_be_wrong_is_tried_above() -> None:
    tried = {
        case[0]
        for mark in test_a_wrong_value_is_refused_with_the_settings_name.pytestmark
        for case in mark.args[1]
    }
    cannot_be_wrong = {
        "KODO_TURN_USERNAME",
        "KODO_TURN_PASSWORD",
        "KODO_S3_ACCESS_KEY",
        "KODO_S3_SECRET_KEY",
        "KODO_WHISPER_MODEL",
        "KODO_ALARM_WEBHOOK_SECRET",
    }
    assert tried == set(FIELDS) - cannot_be_wrong


def test_what_goes_together_is_asked_for_together(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    for given, missing in (
        ({"KODO_TLS_CERTIFICATE": str(file)}, "KODO_TLS_KEY"),
        ({"KODO_TLS_KEY": str(file)}, "KODO_TLS_CERTIFICATE"),
        ({"KODO_TURN_URL": "turn:turn.example"}, "KODO_TURN_USERNAME"),
        ({"KODO_TURN_URL": "turn:turn.example", "KODO_TURN_USERNAME": "kodo"}, "KODO_TURN_PASSWORD"),
        ({"KODO_S3_ACCESS_KEY": "key"}, "KODO_S3_SECRET_KEY"),
        ({"KODO_S3_SECRET_KEY": "hunter2"}, "KODO_S3_ACCESS_KEY"),
        ({"KODO_SMTP_URL": "smtp://mail.example"}, "KODO_MAIL_FROM"),
        ({"KODO_ALARM_MAIL": "admin@example.jp"}, "KODO_ALARM_MAIL"),
    ):
        with pytest.raises(SettingsError) as refused:
            Settings.from_environment(given)
        assert refused.value.name == missing


def test_certificate_and_key_must_be_a_pair(tmp_path: Path) -> None:
    first, second = (
        write_certificate(make_certificate(["localhost"], datetime.now(UTC)), tmp_path / name)
        for name in ("first", "second")
    )
    pair = {"KODO_TLS_CERTIFICATE": str(first[0]), "KODO_TLS_KEY": str(first[1])}
    assert Settings.from_environment(pair).public_url == "https://localhost:8000"
    with pytest.raises(SettingsError, match="KODO_TLS_CERTIFICATE"):
        Settings.from_environment({**pair, "KODO_TLS_KEY": str(second[1])})


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({"KODO_HOST": "0.0.0.0"}, "http://localhost:8000"),
        ({"KODO_HOST": "192.168.1.20", "KODO_PORT": "80"}, "http://192.168.1.20"),
        ({"KODO_HOST": "fd00::5"}, "http://[fd00::5]:8000"),
        ({"KODO_HOST": "localhost"}, "http://localhost:8000"),
        ({"KODO_PUBLIC_URL": "https://lectures.example/"}, "https://lectures.example"),
    ],
)
def test_the_address_that_people_open(environment: dict[str, str], address: str) -> None:
    assert Settings.from_environment(environment).public_url == address


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("512", 512), ("64k", 65_536), ("512M", 512 << 20), ("2GiB", 2 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    assert Settings.from_environment({"KODO_DISK_FLOOR": text}).disk_floor_bytes == size


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///kodo.db",
        "sqlite:////srv/講堂/kodo.db",
        "postgresql://",
        "postgresql:///kodo?host=/run/postgresql",
        "postgresql://kodo:p/s:?#@db:5432/kodo",
        "postgresql+psycopg://kodo@[::1]:5432/kodo?connect_timeout=1",
    ],
)
def test_every_database_url_that_is_let_in_can_be_opened(url: str) -> None:
    open_database(Settings.from_environment({"KODO_DATABASE_URL": url}).database_url).close()


@pytest.mark.parametrize(
    "text",
    [
        "'self'",
        "'none'",
        "*",
        "'self' https://lms.example.ac.jp https://*.example.org:8443",
        "http://localhost:*",
        "https:",
        "lms.example",
    ],
)
def test_who_may_embed(text: str) -> None:
    assert Settings.from_environment({"KODO_FRAME_ANCESTORS": text}).frame_ancestors == text


def test_where_objects_are_kept() -> None:
    assert Settings.from_environment({}).objects is None
    place = Settings.from_environment({"KODO_OBJECTS": "s3://lectures.example/kodo/2026/"})
    assert place.objects == BucketPlace("lectures.example", "kodo/2026")
    assert not place.s3_path_style
    endpoint = {"KODO_S3_ENDPOINT": "http://127.0.0.1:8080"}
    assert Settings.from_environment(endpoint).s3_path_style
    assert not Settings.from_environment({**endpoint, "KODO_S3_PATH_STYLE": "no"}).s3_path_style


def test_secrets_are_not_shown() -> None:
    secrets = {
        "KODO_DATABASE_URL": "postgresql://kodo:hunter2@db/kodo",
        "KODO_TURN_URL": "turn:turn.example",
        "KODO_TURN_USERNAME": "kodo",
        "KODO_TURN_PASSWORD": "hunter2",
        "KODO_S3_ACCESS_KEY": "hunter2",
        "KODO_S3_SECRET_KEY": "hunter2",
        "KODO_SMTP_URL": "smtps://kodo:hunter2@mail.example",
        "KODO_MAIL_FROM": "kodo@mail.example",
    }
    assert "hunter2" not in repr(Settings.from_environment(secrets))
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"KODO_DATABASE_URL": "mysql://kodo:hunter2@db/kodo"})
    assert "hunter2" not in str(refused.value)


def test_two_storages_never_share_a_spill_folder() -> None:
    one, two = (Settings.from_environment({"KODO_STORAGE": f"/srv/{name}"}) for name in ("one", "two"))
    assert one.spill_folder != two.spill_folder


def test_misspelt_names_are_found() -> None:
    assert unknown_names({"KODO_PROT": "1", "KODO_PORT": "1", "HOME": "/"}) == ["KODO_PROT"]


def test_lanes_of_jobs_have_numbers() -> None:
    told = Settings.from_environment({"KODO_JOB_LANES": "export=2, media = 12"})
    assert told.job_lanes == (("export", 2), ("media", 12))
    assert Settings.from_environment({}).job_lanes == ()
