"""Publishers that send known media by WHIP, for tests and benchmarks."""
