"""FFmpeg's `whip` muxer inside PyAV as a publisher: a second, independent WHIP client.

    python -m tests.publishers.ffmpeg_publisher --whip URL --token KEY --seconds 10

Options of the muxer in FFmpeg 8.1: handshake_timeout (ms), pkt_size, ts_buffer_size, whip_flags
(dtls_active), rtp_history, authorization (the bearer token), cert_file, key_file. Its own certificate
is not made for ECDSA alone, so it gets one of P-256. Blocking, with the
interpreter's lock held: where the recorder or its front runs in the same process, start it as a process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import av
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.publishers.prepared_packets import (
    OPUS_FRAME_SAMPLES,
    PreparedAudio,
    PreparedVideo,
    prepare_audio,
    prepare_video,
)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed P-256 certificate and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "publisher")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "publisher.crt", folder / "publisher.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file


def publish(
    whip_url: str,
    token: str | None,
    seconds: float,
    *,
    video: PreparedVideo,
    audio: PreparedAudio,
    stop: threading.Event | None = None,
) -> int:
    """Send in real time; returns the number of pictures sent. Raises av.FFmpegError."""
    stop = stop or threading.Event()
    with tempfile.TemporaryDirectory() as folder:
        certificate_file, key_file = write_certificate(Path(folder))
        options = {"cert_file": str(certificate_file), "key_file": str(key_file)}
        if token:
            options["authorization"] = token
        with av.open(whip_url, "w", format="whip", options=options) as container:
            return _send(container, seconds, video, audio, stop)


def _send(container, seconds: float, video: PreparedVideo, audio: PreparedAudio, stop) -> int:
    # The muxer reads profile and level from a stream that was made elsewhere, as in `-c copy`.
    raw = io.BytesIO(b"".join(p.annex_b for p in video.pictures[:8]))
    with av.open(raw, format="h264") as made_elsewhere:
        picture = container.add_stream_from_template(made_elsewhere.streams.video[0])
    picture.time_base = Fraction(1, 90_000)
    sound = container.add_stream("libopus", rate=48_000)
    sound.layout = "stereo"
    sound.time_base = Fraction(1, 48_000)
    container.start_encoding()  # offer, answer and DTLS: time that must not be caught up by a burst
    began = time.monotonic()
    pictures = packets = 0
    while not stop.is_set() and time.monotonic() - began < seconds:
        if pictures / video.frames_per_second <= packets * 0.02:
            at = pictures / video.frames_per_second
            prepared = video.pictures[pictures % len(video.pictures)]
            packet = av.Packet(prepared.annex_b)
            packet.stream, packet.is_keyframe = picture, prepared.independent
            packet.pts = packet.dts = pictures * 90_000 // video.frames_per_second
            pictures += 1
        else:
            at = packets * 0.02
            packet = av.Packet(audio.packets[packets % len(audio.packets)])
            packet.stream, packet.is_keyframe = sound, True
            packet.pts = packet.dts = packets * OPUS_FRAME_SAMPLES
            packet.duration = OPUS_FRAME_SAMPLES
            packets += 1
        packet.time_base = packet.stream.time_base
        stop.wait(max(0.0, began + at - time.monotonic()))
        container.mux_one(packet)
    return pictures


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--whip", required=True)
    parser.add_argument("--token")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--kilobits", type=int, default=2000)
    arguments = parser.parse_args()
    video = prepare_video(arguments.width, arguments.height, kilobits=arguments.kilobits)
    try:
        pictures = publish(
            arguments.whip, arguments.token, arguments.seconds, video=video, audio=prepare_audio()
        )
    except av.FFmpegError as error:
        print(f"the publication failed: {error}", file=sys.stderr)
        return 1
    print(f"{pictures} pictures sent")
    return 0


if __name__ == "__main__":
    sys.exit(main())
