"""Which modules a page's script imports, and theirs: named in the page, they are all asked for at once.

A browser finds them one level after the other else, and the player's first picture waits for each. Pure but
for our own files, read once.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
# A static import; `import(…)` is asked for when it is needed.
_IMPORT = re.compile(r'^(?:import|export) (?:[^"();]* from )?"(\.[^"]+)";', re.MULTILINE)


@cache
def modules_of(script: str) -> tuple[str, ...]:
    """Names below `static/`, in the order in which they are met; without the script itself."""
    found: dict[Path, None] = {}
    waiting = [(STATIC / script).resolve()]
    while waiting:
        module = waiting.pop(0)
        if module in found:
            continue
        found[module] = None
        # A vendored bundle imports nothing; it need not be searched.
        if "vendor" not in module.parts:
            names = _IMPORT.findall(module.read_text(encoding="utf-8"))
            waiting += [(module.parent / name).resolve() for name in names]
    return tuple(module.relative_to(STATIC).as_posix() for module in found)[1:]
