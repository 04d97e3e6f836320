"""The supervisor: starts the processes in order, keeps them running, stops them in order.

Runs in `app.py` without a command, on one event loop. SIGTERM, SIGINT or SIGHUP (unless ignored) stops
everything in order; a second one kills. `run()` returns when no process is left.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence

from operation.supervisor.child import Child, ChildSpec, NeverReady

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
REPORT_SECONDS = 1.0

Report = dict[str, object]


class Supervisor:
    """Owns the processes described by `specs`. `on_ready` is called once, when all are ready; `on_report`
    every second with what all of them do, and once more when they are about to be stopped.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        on_ready: Callable[[], None],
        on_report: Callable[[Report], None] = lambda _: None,
    ) -> None:
        self._children = [Child(spec) for spec in specs]
        self._on_ready = on_ready
        self._on_report = on_report
        self._all_ready = False
        self._ending = asyncio.Event()
        self._exit_code = 0
        self._keepers: list[asyncio.Task[None]] = []

    @property
    def processes(self) -> dict[str, int | None]:
        """Name → process id, None while it is between two lives."""
        return {child.spec.name: child.pid for child in self._children}

    async def run(self) -> int:
        """Serve until a stop signal (→ 0), or until a process cannot be started at all (→ 1)."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup: a lost terminal ends no lecture
                loop.add_signal_handler(number, self.stop)
        starting = asyncio.create_task(self._watched(self._start_in_order()))
        reporting = asyncio.create_task(self._watched(self._report_on()))
        await self._ending.wait()
        starting.cancel()
        reporting.cancel()
        await asyncio.gather(starting, reporting, return_exceptions=True)
        self._on_report(self.report())
        await self._stop_in_order()
        await asyncio.gather(*self._keepers)
        return self._exit_code

    def stop(self) -> None:
        """Ask for an orderly end; asked again, for an end at once."""
        if self._ending.is_set():
            log.error("asked again to stop: killing what still runs")
            for child in self._children:
                child.kill()
        self._ending.set()

    async def _start_in_order(self) -> None:
        for stage in self._stages():
            self._keepers += [asyncio.create_task(self._watched(child.keep())) for child in stage]
            for child in stage:
                await child.ready.wait()
        self._all_ready = True
        self._on_ready()

    def report(self) -> Report:
        """As values of JSON. `ready`: all of them were once; `stopping`: they are told to end."""
        return {
            "ready": self._all_ready,
            "stopping": self._ending.is_set(),
            "processes": {child.spec.name: child.report() for child in self._children},
        }

    async def _report_on(self) -> None:
        while True:
            self._on_report(self.report())
            await asyncio.sleep(REPORT_SECONDS)

    async def _stop_in_order(self) -> None:
        for stage in reversed(self._stages()):
            await asyncio.gather(*(child.stop() for child in stage))

    def _stages(self) -> list[list[Child]]:
        numbers = sorted({child.spec.stage for child in self._children})
        return [[child for child in self._children if child.spec.stage == number] for number in numbers]

    async def _watched(self, work: Coroutine[object, object, None]) -> None:
        """Do `work`; if it fails, everything is stopped and `run()` returns 1."""
        try:
            await work
        except NeverReady as error:
            log.error("%s", error)
            self._fail()
        except Exception:
            log.exception("the supervisor failed")
            self._fail()

    def _fail(self) -> None:
        self._exit_code = 1
        self._ending.set()
