"""The entries of a generation, read from its list of files in the repository."""

from __future__ import annotations

from collections.abc import Iterator

from library.backup.codec import Codec
from library.backup.errors import GenerationIncomplete, ObjectDamaged, ObjectMissing
from library.backup.file_list import Entry, NoList, entries_of
from library.backup.heads import Head
from library.backup.objects import content_of, path_of
from library.backup.place import Place


def entries_of_head(place: Place, codec: Codec, head: Head) -> Iterator[Entry]:
    """Ascending by path, as a stream. Raises GenerationIncomplete, at the latest at its end."""
    identity, name = head.generation.id, head.files.name
    try:
        yield from entries_of(content_of(place, codec, name))
    except ObjectMissing as error:
        raise GenerationIncomplete(identity, f"its list of files {path_of(name)} is missing") from error
    except (ObjectDamaged, NoList) as error:
        raise GenerationIncomplete(identity, f"its list of files {path_of(name)} is damaged") from error
