"""Looks at the installation's own processes, by the supervisor's report, their sockets and the kernel.

Called in threads of the watching process, which itself is one of them. A process that ended by itself is bad
at the next look, also when it was started again at once: somebody must know.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from broadcast.recorder_client import RecorderClient, RecorderRefused, RecorderUnavailable
from library.health_state import Finding, State
from operation.health.supervisor_report import SUPERVISOR_REPORT, SupervisorReport, read_report
from operation.supervisor.probes import PROBE_SECONDS, answers_now
from settings import Settings

OLDEST_REPORT_SECONDS = 10.0
_WEB = re.compile(r"web(-\d+)?")


class ProcessChecks:
    """`ends`: how often each process had ended at the last look, and `pid` of the supervisor that counts."""

    def __init__(self, settings: Settings, known: Mapping[str, int]) -> None:
        self._settings = settings
        self.known = dict(known)
        self.report: SupervisorReport | None = None

    def read(self) -> SupervisorReport | None:
        """The supervisor's report as it is now; the other looks are at it."""
        self.report = read_report(self._settings.storage / "run" / SUPERVISOR_REPORT)
        if self.report is not None and self.known.get("pid") != self.report.pid:
            self.known = {"pid": self.report.pid}
        return self.report

    @property
    def is_stopping(self) -> bool:
        return self.report is not None and self.report.stopping

    def supervisor(self) -> Finding:
        report = self.report
        if report is None:
            return Finding("supervisor", State.BAD, "no_report")
        if report.age > OLDEST_REPORT_SECONDS:
            is_there = _state_of(report.pid) is not None
            return Finding(
                "supervisor", State.BAD, "silent" if is_there else "gone", {"seconds": round(report.age)}
            )
        return Finding("supervisor", State.GOOD, figures={"pid": report.pid})

    def recorder(self) -> Finding:
        found = self._running("recorder")
        if found.state is not State.GOOD:
            return found
        try:
            status = RecorderClient(self._settings.recorder_socket).status()
        except (RecorderUnavailable, RecorderRefused) as error:
            return Finding(
                "recorder", State.BAD, "silent", {"process": "recorder", "error": str(error)[:200]}
            )
        return Finding("recorder", State.GOOD, figures={**found.figures, "rooms": len(status["rooms"])})

    def web(self) -> Finding:
        """All of them: they share one port, so each is looked at and the port is asked as often."""
        names = [one.name for one in self.report.processes if _WEB.fullmatch(one.name)] if self.report else []
        found = self._running("web", *names)
        if found.state is not State.GOOD:
            return found
        tls = self._settings.tls_certificate is not None
        for _ in range(min(8, 2 * len(names))):
            if not answers_now(self._settings.host, self._settings.port, "/healthz", tls=tls):
                return Finding("web", State.BAD, "silent", {"process": "web", "seconds": PROBE_SECONDS})
        return found

    def worker(self) -> Finding:
        return self._running("worker")

    def watch(self) -> Finding:
        return self._running("watch")

    def _running(self, check: str, *names: str) -> Finding:
        """Whether the processes (of the check's own name) run, and did since the last look."""
        report = self.report
        if report is None:
            return Finding(check, State.SKIPPED, "no_report")
        wanted = set(names or (check,))
        processes = [one for one in report.processes if one.name in wanted]
        ended = [one for one in processes if one.ends > self.known.get(one.name, 0)]
        self.known.update({one.name: one.ends for one in processes})
        if ended:
            return Finding(check, State.BAD, "ended", {"process": ended[0].name, "how": ended[0].last_end})
        for one in processes:
            state = _state_of(one.pid) if one.pid is not None else None
            if not report.ready and (state is None or not one.ready):
                return Finding(check, State.SKIPPED, "starting")
            if state is None or not one.ready:
                return Finding(check, State.BAD, "not_running", {"process": one.name, "how": one.last_end})
            if state in "Tt":
                return Finding(check, State.BAD, "stopped", {"process": one.name})
        if not processes:
            return Finding(check, State.SKIPPED, "starting" if not report.ready else "none")
        return Finding(
            check, State.GOOD, figures={"pid": processes[0].pid, "ends": sum(p.ends for p in processes)}
        )


def _state_of(pid: int) -> str | None:
    """The kernel's letter (proc(5)): R, S, D, T, …; None: it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state = text.rpartition(")")[2].split()[0]
    return None if state in "ZX" else state
