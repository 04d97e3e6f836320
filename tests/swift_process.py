"""The S3 server of the tests: OpenStack Swift's four servers and its s3api in one process, on loopback.

`python tests/swift_process.py FOLDER ACCESS_KEY SECRET_KEY REGION`, run by the Python of `.venv/s3-server`
(Kodo itself never imports Swift): prints the port when it serves, ends when its standard input is closed.
"""
# ruff: noqa: E402 - Eventlet replaces parts of the standard library before others take hold of them

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys
from pathlib import Path
from typing import Any

from eventlet import tpool, wsgi
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

COMMON = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/disk
mount_check = false
disable_fallocate = true
log_level = WARNING
# Swift gives a neighbour half a second to take a connection and one to note an object; on a busy machine all
# four servers together may need more, and a listing then lacks the object for good (no updater runs here).
conn_timeout = 60
node_timeout = 60
recoverable_node_timeout = 60
container_update_timeout = 60
error_suppression_limit = 1000000
"""
BACKEND = (
    COMMON
    + """
[pipeline:main]
pipeline = {kind}-server

[app:{kind}-server]
use = egg:swift#{kind}
"""
)
PROXY = (
    COMMON
    + """
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo dlo proxy-server

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
paste.filter_factory = swift_process:memory_factory
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = {region}
min_segment_size = 1048576
[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""
)


class Memory:
    """What Swift asks of memcached, forgotten at once: each request then asks the servers themselves."""

    def get(self, *_: Any, **__: Any) -> None:
        return None

    def forget(self, *_: Any, **__: Any) -> None:
        return None

    set = set_multi = delete = forget

    def get_multi(self, keys: list[str], *_: Any, **__: Any) -> list[None]:
        return [None] * len(keys)


def memory_factory(*_: Any, **__: Any) -> Any:
    """A filter of paste.deploy."""

    def make(app: Any) -> Any:
        def serve(environ: dict[str, Any], start: Any) -> Any:
            environ["swift.cache"] = Memory()
            return app(environ, start)

        serve.app = app  # type: ignore[attr-defined]
        return serve

    return make


def main(folder: Path, access_key: str, secret: str, region: str) -> None:
    """Serve until the standard input ends."""
    (folder / "disk" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = kodo\n[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    utils.set_swift_dir(str(folder))
    values = {"folder": folder, "region": region, "secret": secret, "user": access_key.replace(":", "_")}
    for kind in ("account", "container", "object"):
        listener = eventlet.listen(("127.0.0.1", 0))
        write_ring(folder / f"{kind}.ring.gz", listener.getsockname()[1])
        serve(folder / f"{kind}.conf", BACKEND.format(kind=kind, **values), listener)
    listener = eventlet.listen(("127.0.0.1", 0))
    serve(folder / "proxy.conf", PROXY.format(**values), listener)
    print(listener.getsockname()[1], flush=True)
    tpool.execute(sys.stdin.read)  # in a thread: the servers go on meanwhile


def write_ring(path: Path, port: int) -> None:
    """One device, one replica."""
    builder = RingBuilder(1, 1, 0)
    place = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d1", "meta": "", **place})
    builder.rebalance()
    builder.get_ring().save(str(path))


def serve(path: Path, text: str, listener: Any) -> None:
    """In a green thread."""
    path.write_text(text)
    app = loadapp(str(path), global_conf={"log_name": path.stem})
    eventlet.spawn(wsgi.server, listener, app, log_output=False, capitalize_response_headers=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
