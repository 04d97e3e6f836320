"""Some hundred made-up calls of the API: no 5xx, every answer as the description says. `make fuzz`: many."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzzing.api_fuzz import fuzz, fuzzed_house


@pytest.mark.timeout(600)  # hundreds of calls
def test_the_api_answers_made_up_calls_as_it_describes(tmp_path: Path) -> None:
    with fuzzed_house(tmp_path) as house:
        found = fuzz(house, 300, number=5)
    assert found.problems == {}
    assert found.calls >= 300
    assert found.statuses[200] and found.statuses[403] and found.statuses[422]
