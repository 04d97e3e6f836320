"""Which colour tokens of static/css/tokens.css stand on which others. Pure.

Shown at /design, and held against their contrast in both themes by tests/pages/test_contrast.py: text needs
4.5, signs and the lines of controls 3 (WCAG 2.2, 1.4.3 and 1.4.11).
"""

from __future__ import annotations

from collections.abc import Mapping

_STAGE = ("stage", "stage-moss", "stage-plum", "stage-clay", "stage-slate", "stage-deep")
TEXT_ON: Mapping[str, tuple[str, ...]] = {
    "ink": ("paper", "raised", "sunken", "accent-soft", "live-soft", "amber-soft", "good-soft"),
    "ink-soft": ("paper", "raised", "sunken"),
    "accent": ("paper", "raised", "sunken", "accent-soft"),
    "on-accent": ("accent",),
    "on-live": ("live",),
    "live-ink": ("paper", "raised", "live-soft"),
    "good": ("paper", "raised", "good-soft"),
    "amber": ("paper", "raised", "amber-soft"),
    "paper": ("ink",),  # toasts
    "on-stage": _STAGE,
    "stage-accent": _STAGE,
}
LINES_ON: Mapping[str, tuple[str, ...]] = {
    "control-line": ("paper", "raised", "sunken"),
    "live": ("paper", "raised"),
}
# Decoration: nothing is told by it alone.
NOT_FOR_TEXT = ("line", "shine", "shadow", "stage-ground")
SPACES = ("1", "2", "3", "4", "5", "6", "8", "12", "16")
TEXT_SIZES = ("small", "large", "3", "2", "1")
