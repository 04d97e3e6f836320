"""All tests in two runs of pytest: side by side what shares nothing, then alone what is marked `serial`.

`make test` calls it; further arguments are pytest's and hold in both runs. The second run comes also after
a failure in the first. Exits with the first failing run's code.
"""

import subprocess
import sys

# A file's tests stay together, for its fixtures' sake. Files come in their usual order, for few tests are not
# always quick. More than there are cores were no quicker, and the pages' flows fail; four serve few machines.
SIDE_BY_SIDE = ["--part=parallel", "--numprocesses=auto", "--maxprocesses=4"]
SIDE_BY_SIDE += ["--dist=loadfile", "--no-loadscope-reorder"]
ALONE = ["--part=serial"]
INTERRUPTED, NONE_CHOSEN = 2, 5  # pytest's exit codes


def joint_code(codes: list[int]) -> int:
    """The exit code of both: a run in which the arguments chose nothing counts only when both did so."""
    return next((code for code in codes if code not in (0, NONE_CHOSEN)), min(codes))


def main(arguments: list[str]) -> int:
    codes: list[int] = []
    for part in (SIDE_BY_SIDE, ALONE):
        codes.append(subprocess.run([sys.executable, "-m", "pytest", *part, *arguments]).returncode)
        if codes[-1] == INTERRUPTED:
            break
    if len(codes) == 2 and codes[0] not in (0, NONE_CHOSEN):
        print("Tests of the first run, further up, failed.", flush=True)
    return joint_code(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
