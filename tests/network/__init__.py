"""Bad networks for tests: loss, delay, reordering and duplication where netem is missing."""
