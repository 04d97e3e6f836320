"""Compiled address builders of an application that each test makes anew.

Werkzeug compiles two small functions for each address: nine tenths of an application's start. They depend on
the rule alone (the instance is their argument), so equal rules of later applications share them.
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

_compile = Rule._compile_builder


def _key(rule: Rule, append_unknown: bool) -> tuple[object, ...]:
    return rule.rule, rule.subdomain, rule.host, repr(rule.defaults), append_unknown


def keep_routes() -> None:
    """From now on, in this process; again is nothing new."""
    Rule._compile_builder = _kept_builder  # type: ignore[method-assign]


_kept: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def _kept_builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    key = _key(rule, append_unknown)
    if key not in _kept:
        _kept[key] = _compile(rule, append_unknown)
    return _kept[key]
