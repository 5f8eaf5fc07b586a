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
from threading import Lock, Thread, Timer
from types import FunctionType
from typing import Any, Protocol

from communique.errors import InputError, Problem
from communique.jobs import Job, Result, Shared

#: Seconds after which a release's worker is taken to hang. A release takes about half a second.
PATIENCE = 300
#: A worker is replaced after so many jobs, so that no leak in a library grows with the archive.
JOBS_A_WORKER = 500
#: How often a worker is started that does not get as far as its first job.
TRIES = 3


class LostWorkerError(Exception):
    """A worker died or hung; the text says which."""


class NoWorkersError(InputError):
    """No worker gets as far as its first job."""

    def __init__(self, why: str) -> None:
        hint = "build with --jobs 1; if that does not help, report it"
        super().__init__(Problem("releases", 0, f"cannot be made, no process for it starts: {why}", hint))


class FaultError(Exception):
    """A fault of the program while it made a release, in words: it travels where another exception may not."""


class Maker(Protocol):
    """What makes releases in one process."""

    def work(self, job: Job) -> Result: ...


#: Makes a maker of the files that all releases share.
Make = Callable[[Shared], Maker]


class Pool:
    """A pool of workers, no more than there are jobs due; one that dies or hangs costs its job, and is replaced.

    Raises NoWorkersError where the system has no thread left to attend to a worker.
    """

    def __init__(self, jobs: int, due: int, make: Make, shared: Shared) -> None:
        self.width = jobs
        self._context = multiprocessing.get_context("forkserver" if warm_up() else "spawn")
        self._given = make, shared
        self._jobs: SimpleQueue[tuple[Job, Future[Result]] | None] = SimpleQueue()
        self._workers: set[_Worker] = set()
        self._stopped = False
        # Each waits for its worker: until it is loaded, and then for each result.
        self._attending = 0
        self._lock = Lock()
        with self._lock:
            for number in range(min(jobs, due)):
                try:
                    Thread(target=self._attend, name=f"worker {number}", daemon=True).start()
                except RuntimeError as error:
                    if not self._attending:
                        raise NoWorkersError(str(error)) from None
                    break
                self._attending += 1

    def submit(self, job: Job) -> Future[Result]:
        """Return what will come of a job: a Result, or one of the errors above; after :meth:`stop` nothing will."""
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
        # Ctrl-C is for the main thread, and for no process that is started from here.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        worker = None
        while (task := self._jobs.get()) and not self._stopped:
            job, future = task
            try:
                if worker is None or worker.done >= JOBS_A_WORKER:
                    worker = self._start_instead_of(worker)
                result = worker.work(job)
            except NoWorkersError as error:
                worker = None
                if self._leave():
                    self._jobs.put(task)
                    return
                future.set_exception(error)
            except FaultError as error:
                future.set_exception(error)
            except Exception as error:  # the caller is told, whatever it is
                future.set_exception(error)
                # What may still stand in its pipe is no answer to another job.
                self._dismiss(worker)
                worker = None
            else:
                future.set_result(result)

    def _leave(self) -> bool:
        """Leave the jobs to the others who attend, and return whether there are any."""
        with self._lock:
            if self._attending == 1:
                return False
            self._attending -= 1
            return True

    def _start_instead_of(self, before: _Worker | None) -> _Worker:
        """Return a worker that is ready for its first job; raises NoWorkersError."""
        self._dismiss(before)
        why = "it was stopped"
        for _ in range(TRIES):
            if self._stopped:
                break
            worker = None
            try:
                worker = _Worker(self._context, *self._given)
                self._workers.add(worker)
                # Where stop() has not seen it.
                if not self._stopped:
                    worker.get_ready()
                    return worker
            except FaultError as error:
                self._dismiss(worker)
                raise NoWorkersError(str(error)) from None
            except LostWorkerError as error:
                why = str(error)
            except (OSError, EOFError, RuntimeError) as error:
                why = f"{type(error).__name__}: {error}"
            self._dismiss(worker)
        raise NoWorkersError(why)

    def _dismiss(self, worker: _Worker | None) -> None:
        if worker:
            worker.stop()
            self._workers.discard(worker)


class _Worker:
    """A process that makes releases; ``done`` counts them."""

    def __init__(self, context: Any, make: Make, shared: Shared) -> None:
        self.done = 0
        self._hung = False
        self._pipe, theirs = context.Pipe()
        with theirs:
            self._process = context.Process(target=_serve, args=(theirs, make, shared), daemon=True)
            self._process.start()

    def get_ready(self) -> None:
        """Wait until the worker is ready for its first job; raises LostWorkerError or FaultError."""
        self._answer(None)

    def work(self, job: Job) -> Result:
        """Return what comes of a job; raises LostWorkerError or FaultError."""
        self.done += 1
        result: Result = self._answer(job)
        return result

    def _answer(self, job: Job | None) -> Any:
        """Return the worker's answer to a job, or to having been started."""
        from multiprocessing import connection

        # Whatever is waited for below ends when the process does.
        watch = Timer(PATIENCE, self._give_up)
        watch.daemon = True
        watch.start()
        try:
            if job is not None:
                self._pipe.send(job)
            # A pipe may outlive its other end's process where that never took it.
            connection.wait([self._pipe, self._process.sentinel])
            if not self._pipe.poll():
                raise EOFError
            answer = self._pipe.recv()
        except (OSError, EOFError):
            late = f"it was not ready after {PATIENCE} seconds"
            raise LostWorkerError(late if self._hung else "the process that made it died") from None
        finally:
            watch.cancel()
        if isinstance(answer, FaultError):
            raise answer
        return answer

    def _give_up(self) -> None:
        self._hung = True
        self.stop()

    def stop(self) -> None:
        """End the process, whatever it does."""
        with contextlib.suppress(OSError):  # it may end by itself meanwhile
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
    try:
        resource_tracker.ensure_running()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    except OSError:
        return False
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
