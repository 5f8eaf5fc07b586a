"""Processes that make releases, each with a pipe of its own, so that none that dies or hangs keeps another waiting.

What a process needs is made once in it, by a function of the files that all releases share. A pool whose processes
share a pipe and its locks, as those of the standard library and of pebble do, is lost, or waits for ever, when one of
them is killed at the wrong moment.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import pickle
import signal
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread
from types import FunctionType
from typing import Any, Protocol

from communique.jobs import Job, Result, Shared

#: Seconds after which a release's worker is taken to hang. A release takes about half a second.
PATIENCE = 300
#: A worker is replaced after so many jobs, so that no leak in a library grows with the archive.
JOBS_A_WORKER = 500
#: How often a worker is started that does not get as far as its first job.
TRIES = 3


class LostWorkerError(Exception):
    """A worker died or hung; the text says which."""


class NoWorkersError(Exception):
    """No worker gets as far as its first job; the text says why."""


class FaultError(Exception):
    """A fault of the program while it made a release, in words: it travels where another exception may not."""


class Maker(Protocol):
    """What makes releases in one process."""

    def work(self, job: Job) -> Result: ...


#: Makes a maker of the files that all releases share.
Make = Callable[[Shared], Maker]


class Pool:
    """A pool of workers, no more than there are jobs due; one that dies or hangs costs its job, and is replaced."""

    def __init__(self, jobs: int, due: int, make: Make, shared: Shared) -> None:
        self.width = jobs
        self._context = multiprocessing.get_context("forkserver" if warm_up() else "spawn")
        self._given = make, shared
        self._jobs: SimpleQueue[tuple[Job, Future[Result]] | None] = SimpleQueue()
        self._workers: set[_Worker] = set()
        self._lock = Lock()
        self._stopped = False
        # Each waits for its worker: until it is loaded, and then for each result.
        self._attended = min(jobs, due)
        for _ in range(self._attended):
            Thread(target=self._attend, daemon=True).start()

    def submit(self, job: Job) -> Future[Result]:
        """Return what will come of a job: a Result, or one of the errors above."""
        future: Future[Result] = Future()
        self._jobs.put((job, future))
        return future

    def stop(self) -> None:
        """Stop all workers, whatever they do."""
        self._stopped = True
        for _ in range(self.width):
            self._jobs.put(None)
        for worker in list(self._workers):
            self._dismiss(worker)

    def _attend(self) -> None:
        """Keep one worker busy until the pool is stopped."""
        worker = None
        while (task := self._jobs.get()) and not self._stopped:
            job, future = task
            try:
                if worker is None or worker.done >= JOBS_A_WORKER:
                    worker = self._replace(worker)
                result = worker.work(job)
            except NoWorkersError as error:
                if self._leave():
                    self._jobs.put(task)
                    return
                future.set_exception(error)
            except LostWorkerError as error:
                self._dismiss(worker)
                worker = None
                future.set_exception(error)
            except Exception as error:  # the caller is told, whatever it is
                future.set_exception(error)
            else:
                future.set_result(result)

    def _leave(self) -> bool:
        """Leave the jobs to the others, and return whether there are any."""
        with self._lock:
            if self._attended == 1:
                return False
            self._attended -= 1
            return True

    def _replace(self, worker: _Worker | None) -> _Worker:
        if worker:
            self._dismiss(worker)
        why = ""
        for _ in range(0 if self._stopped else TRIES):
            try:
                worker = _Worker(self._context, *self._given)
            except (OSError, EOFError) as error:
                why = f"{type(error).__name__}: {error}"
                continue
            self._workers.add(worker)
            if not (why := "it is stopped" if self._stopped else worker.unready()):
                return worker
            self._dismiss(worker)
            if self._stopped:
                break
        raise NoWorkersError(why)

    def _dismiss(self, worker: _Worker | None) -> None:
        if worker:
            worker.stop()
            self._workers.discard(worker)


class _Worker:
    """A process that makes releases; ``done`` counts them."""

    def __init__(self, context: Any, make: Make, shared: Shared) -> None:
        self.done = 0
        self._pipe, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_serve, args=(theirs, make, shared), daemon=True)
            self._process.start()

    def unready(self) -> str:
        """Wait until the worker is ready for its first job; return why it will not be, or nothing."""
        try:
            self._answer()
        except (LostWorkerError, FaultError) as error:
            return str(error)
        return ""

    def work(self, job: Job) -> Result:
        """Return what comes of a job; raises LostWorkerError or FaultError."""
        self.done += 1
        with contextlib.suppress(OSError):  # one that died is missed when it does not answer
            self._pipe.send(job)
        result: Result = self._answer()
        return result

    def _answer(self) -> Any:
        try:
            if not self._pipe.poll(PATIENCE):
                raise LostWorkerError(f"it was not ready after {PATIENCE} seconds")
            answer = self._pipe.recv()
        except (OSError, EOFError):
            raise LostWorkerError("the process that made it died") from None
        if isinstance(answer, FaultError):
            raise answer
        return answer

    def stop(self) -> None:
        self._process.kill()
        self._process.join(timeout=5)


def _serve(pipe: Any, make: Make, shared: Shared) -> None:
    """Make releases for the caller as long as there is one; Ctrl-C is the caller's to act on."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, EOFError):  # the caller is gone
        try:
            maker = make(shared)
        except Exception as error:  # the caller is told, whatever it is
            pipe.send(fault(error))
            return
        collect_rarely()
        # What a worker was made ready with stays until its end: no collection need look at it.
        gc.freeze()
        pipe.send(None)
        while True:
            try:
                answer = pickle.dumps(swept(maker, pipe.recv()))
            except (OSError, EOFError):
                raise
            except Exception as error:  # the caller is told, whatever it is
                answer = pickle.dumps(fault(error))
            pipe.send_bytes(answer)


def warm_up() -> bool:
    """Begin to load, in a process of its own, what a pool's workers need, and return whether that can be done.

    They are forked from it. Windows cannot, nor can a machine whose folder for temporary files has too long a name.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return False
    # Not needed to find that nothing changed.
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.get_context("forkserver").set_forkserver_preload(["communique.preload"])
    # Ctrl-C is the caller's to act on: it is kept from the new process, and from those that are forked from it. The
    # tracker, which would be started on the way, lets it through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    except OSError:
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True


def collect_rarely() -> None:
    """Have Python look for garbage seldom: in the middle of a document it finds little that is not in use."""
    gc.set_threshold(200_000, 20, 50)


def swept(maker: Maker, job: Job) -> Result:
    """Return what comes of a job, done without what the job before left behind: pages go round in circles.

    Between jobs nearly all that is new is garbage, and found at once. What has outlived many is looked at now and then.
    Raises FaultError, whatever went wrong.
    """
    _, young, old = gc.get_count()
    _, many, most = gc.get_threshold()
    gc.collect(2 if old > most else 1 if young > many else 0)
    try:
        return _in_one_piece(maker.work, job)
    except Exception as error:
        raise fault(error) from error


def fault(error: Exception) -> FaultError:
    """Return an error as one that travels."""
    return error if isinstance(error, FaultError) else FaultError(f"{type(error).__name__}: {error}")


def _call(work: Callable[[Job], Result], job: Job) -> Result:
    return work(job)


# Python keeps the frames of its calls in pieces of 16 KB. A piece is asked of the system by the call that does not fit
# into the one before, and given back by its return: in a loop at that depth a thousand times a document. A call that
# says it needs much (32,000 values of 8 bytes) gets a piece of 512 KB, whose other half is enough for all calls below.
_in_one_piece: Callable[[Callable[[Job], Result], Job], Result] = FunctionType(
    _call.__code__.replace(co_stacksize=32_000), globals(), "_in_one_piece"
)
