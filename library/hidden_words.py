"""What was said within hidden spans of a recording, left out of what is read, exported and found. Pure.

Spans are those of `sessions.hidden_spans`: seconds of the session's clock. Of a *private* span every word
goes that has any time in it; of a *cut* one those whose middle lies in it. A cue without times of its words
goes whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from library.transcript_formats import Cue, Word

PRIVATE = "private"
_SHORTEST = 1e-3


@dataclass(frozen=True, slots=True)
class Hidden:
    start: float
    end: float
    private: bool

    def holds(self, start: float, end: float) -> bool:
        if self.private:
            return start < self.end and max(end, start + _SHORTEST) > self.start
        return self.start <= (start + end) / 2 < self.end


def hidden_of(values: Iterable[Sequence[Any]]) -> tuple[Hidden, ...]:
    """Of `[start, end, kind]` as a session's row has them."""
    return tuple(Hidden(float(start), float(end), kind == PRIVATE) for start, end, kind in values)


def shown_of(cues: Iterable[Cue], hidden: Sequence[Hidden]) -> tuple[Cue, ...]:
    """The cues, or what is left of them."""
    return tuple(left for cue in cues if (left := shown(cue, hidden)) is not None)


def shown(cue: Cue, hidden: Sequence[Hidden]) -> Cue | None:
    """What is left of it; None: nothing."""
    near = [one for one in hidden if one.start < cue.end + _SHORTEST and one.end > cue.start - _SHORTEST]
    if not near:
        return cue
    if not cue.words:
        return None if any(one.holds(cue.start, cue.end) for one in near) else cue
    gone = [any(one.holds(word.start, word.end) for one in near) for word in cue.words]
    if not any(gone):
        return cue
    text = _text_without(cue, gone)
    kept = tuple(word for word, is_gone in zip(cue.words, gone, strict=True) if not is_gone)
    return Cue(kept[0].start, max(word.end for word in kept), text, kept) if kept and text else None


def _text_without(cue: Cue, gone: Sequence[bool]) -> str:
    """The text less the words that are gone; none of it where they are not found in it, one by one."""
    left, at = [], 0
    for word, is_gone in zip(cue.words, gone, strict=True):
        begin = _place(cue.text, word, at)
        if begin < 0:
            return ""
        end = begin + len(word.text.strip())
        left.append(cue.text[at:begin] if is_gone else cue.text[at:end])
        at = end
    # What follows the last word, a full stop, belongs to it.
    left.append("" if gone[-1] else cue.text[at:])
    return " ".join("".join(left).split())


def _place(text: str, word: Word, at: int) -> int:
    return text.find(word.text.strip(), at)
