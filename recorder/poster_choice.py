"""What tells a good poster from a bad one: facts of a picture's samples, and the score of them.

Pure. Called for each picture of a storyboard, so nothing here takes more than a few milliseconds: brightness
and contrast are counted on the small picture, sharpness on some lines of the large one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import sub

DARKEST = 19.0  # mean luma (limited range: black is 16) under which a picture shows nothing
FLATTEST = 5.0  # deviation of luma: one colour, whichever
SOFTEST = 4.0  # how strong the strongest edges are: below, it is blurred or empty
GOOD_CONTRAST = 45.0
GOOD_EDGES = 60.0
LIGHT, DIM = 215.0, 45.0
GOOD_COLOUR = 12.0
_EDGE_SHARE = 1 / 300  # a slide with a few words has hardly more


@dataclass(frozen=True, slots=True)
class PictureFacts:
    """`brightness`: mean luma; `contrast`: its deviation; `edges`: the step from one sample to the next that
    only one in 300 exceeds; `colour`: how far chroma is from grey, in the mean.
    """

    brightness: float
    contrast: float
    edges: float
    colour: float


def facts_of(luma: bytes, chroma: bytes, lines: Iterable[Sequence[int]]) -> PictureFacts:
    """`luma`, `chroma`: all samples of the small picture, both planes of chroma; `lines`: rows of luma of the
    large one.
    """
    brightness, contrast = _mean_and_deviation(Counter(luma))
    tints = Counter(chroma)
    colour = sum(abs(value - 128) * count for value, count in tints.items()) / max(1, len(chroma))
    return PictureFacts(brightness, contrast, _edges(lines), colour)


def score(facts: PictureFacts, place: float) -> float:
    """0 for what is no poster (black, one colour, blurred), else the more the better, 1 at most.

    `place`: where in the lecture it is, 0 to 1: its first and last moments show people who come and go.
    """
    if facts.brightness < DARKEST or facts.contrast < FLATTEST or facts.edges < SOFTEST:
        return 0.0
    contrast = min(1.0, facts.contrast / GOOD_CONTRAST)
    edges = min(1.0, facts.edges / GOOD_EDGES)
    light = 1.0 if DIM <= facts.brightness <= LIGHT else 0.6
    colour = 0.8 + 0.2 * min(1.0, facts.colour / GOOD_COLOUR)
    at = 1.0 if 0.05 <= place <= 0.6 else 0.9 if 0.02 <= place <= 0.95 else 0.7
    return math.sqrt(contrast * edges) * light * colour * at


def _mean_and_deviation(counts: Counter[int]) -> tuple[float, float]:
    total = max(1, counts.total())
    mean = sum(value * count for value, count in counts.items()) / total
    variance = sum((value - mean) ** 2 * count for value, count in counts.items()) / total
    return mean, math.sqrt(variance)


def _edges(lines: Iterable[Sequence[int]]) -> float:
    steps: Counter[int] = Counter()
    for line in lines:
        steps.update(map(abs, map(sub, line[1:], line[:-1])))
    left = steps.total() * _EDGE_SHARE
    for step in sorted(steps, reverse=True):
        left -= steps[step]
        if left < 0:
            return float(step)
    return 0.0
