"""Releases are made by several processes; one that dies or hangs, at whatever moment, costs no more than its own."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import threading
import time
import weakref
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from communique import press, workers
from communique.errors import InputError
from communique.executors import Inline
from communique.jobs import Job, Result, Shared
from communique.workers import Pool
from conftest import Room
from test_engine import assert_clean, build, content

#: Whoever kills, and how.
KILLED = "could not be made: the process that made it died"


class Mortal(press.Press):
    """Makes releases; one called die kills its worker, one called sleep never ends, two have a fault."""

    def work(self, job: Job) -> Any:
        if job.id == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.id == "sleep":
            time.sleep(600)
        if job.id == "fault":
            raise KeyError("a fault")
        if job.id == "odd":
            return threading.Lock()
        return super().work(job)


class Told(press.Press):
    """Makes releases, and writes down in which process."""

    def work(self, job: Job) -> Result:
        with Path(os.environ["TOLD"]).open("a") as file:
            file.write(f"{os.getpid()}\n")
        return super().work(job)


def late(shared: Shared) -> Mortal:
    """Make a maker in the third process that asks for one: those before are killed while they make it."""
    for name in ("first", "second"):
        try:
            Path(os.environ["TOLD"]).with_name(name).touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
    return Mortal(shared)


def lone(shared: Shared) -> Mortal:
    """Make a maker in the first process that asks for one, and in no other."""
    Path(os.environ["TOLD"]).with_name("first").touch(exist_ok=False)
    return Mortal(shared)


def broken(_: Shared) -> Mortal:
    raise MemoryError("there is no room")


def add(room: Room, *names: str) -> None:
    for name in names:
        room.write(f"releases/{name}.yaml", f"title: Title {name}\ndate: 2026-03-02\nbody: Text {name}.\n")


def pool(make: Any, jobs: int = 2) -> Any:
    return lambda maker, due: Pool(jobs, due, make, maker.shared)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    # Processes are forked from one that was started with the environment of before.
    monkeypatch.setattr(workers, "warm_up", lambda: False)
    return tmp_path / "told"


class Ring:
    """Something that refers to itself, as the boxes of a page do."""

    def __init__(self) -> None:
        self.ring = self


class Littering:
    """Leaves a ring behind after each job, and keeps those of its first jobs for some time."""

    shared: Any = None

    def __init__(self) -> None:
        self.rings: list[weakref.ref[Ring]] = []
        self.kept: list[Ring] = []

    def work(self, job: Any) -> Any:
        ring = Ring()
        self.rings.append(weakref.ref(ring))
        if len(self.rings) <= 5:
            self.kept.append(ring)
        return job

    def alive(self) -> int:
        return sum(ring() is not None for ring in self.rings)


def test_memory_does_not_grow_with_what_jobs_leave_behind() -> None:
    before = gc.get_threshold()
    workers.collect_rarely()
    try:
        maker: Any = Littering()
        executor = Inline(maker)
        for job in range(10):
            executor.submit(job)  # type: ignore[arg-type]
        assert maker.alive() == 5 + 1
        maker.kept.clear()
        for job in range(1100):
            executor.submit(job)  # type: ignore[arg-type]
        assert maker.alive() == 1
    finally:
        gc.set_threshold(*before)


@pytest.mark.skipif(sys.platform == "win32", reason="processes talk by other means there")
def test_where_no_pool_can_be_warmed_up_releases_come_out_all_the_same(room: Room, tmp_path: Path) -> None:
    # The name of a socket has room for a hundred letters.
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    done = room.run("--jobs", "2", env={"TMPDIR": str(folder)})
    assert (done.code, done.err) == (0, ["[1/1] good"])


@pytest.mark.slow
def test_a_pool_makes_the_same_bytes_and_survives_workers_that_die_or_hang(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 15)
    add(room, "die", "sleep", "fault", "odd", "a1", "a2", "a3")
    outcome = build(room, executor=pool(Mortal))
    fault = "could not be made, by a fault in the program:"
    assert sorted(str(p).partition(";")[0] for p in outcome.problems) == [
        f"releases/die.yaml: {KILLED}",
        f"releases/fault.yaml: {fault} KeyError: 'a fault'",
        f"releases/odd.yaml: {fault} TypeError: cannot pickle '_thread.lock' object",
        "releases/sleep.yaml: could not be made: it was not ready after 15 seconds",
    ]
    for name in ("die", "sleep", "fault", "odd"):
        (room.path / f"releases/{name}.yaml").unlink()
    build(room)
    assert_clean(room)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it stops a process by a signal")
def test_a_worker_that_does_not_even_read_its_job_costs_it(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 15)
    send = Connection.send

    def stopped(self: Connection, job: object) -> None:
        (worker,) = active_children()
        assert worker.pid
        os.kill(worker.pid, signal.SIGSTOP)
        # More than a pipe holds.
        send(self, replace(job, files={"much": bytes(10**7)}) if isinstance(job, Job) else job)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "send", stopped)
        outcome = build(room, executor=pool(press.Press, 1))
    assert [str(p).partition(";")[0] for p in outcome.problems] == [
        "releases/good.yaml: could not be made: it was not ready after 15 seconds"
    ]
    assert active_children() == []


def test_a_pool_that_is_stopped_leaves_no_process_whatever_it_does(room: Room) -> None:
    add(room, "sleep", "a1")
    jobs: list[Job] = []

    class Noting(Inline):
        def submit(self, job: Job) -> Any:
            jobs.append(job)
            return super().submit(job)

    given: list[Shared] = []

    def noting(maker: Any, _: int) -> Noting:
        given.append(maker.shared)
        return Noting(maker)

    build(room, executor=noting)
    processes = Pool(2, 2, Mortal, given[0])
    for job in jobs:
        processes.submit(job)
    while len(active_children()) < 2:
        time.sleep(0.01)
    time.sleep(1)
    begun = active_children()
    processes.stop()
    assert [process.is_alive() for process in begun] == [False, False]
    last = time.monotonic() + 5
    while any(Path(f"/proc/{process.pid}").exists() for process in begun) and time.monotonic() < last:
        time.sleep(0.01)
    assert time.monotonic() < last


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_workers_killed_at_any_moment_cost_a_release_each_at_most(seed: int, room: Room) -> None:
    add(room, *(f"r{number:02}" for number in range(24)))
    chance, ended, killed = random.Random(seed), threading.Event(), []

    def kill() -> None:
        while not ended.wait(chance.uniform(0.01, 0.4)) and len(killed) < 12:
            if processes := active_children():
                victim = chance.choice(processes)
                victim.kill()
                killed.append(victim.pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        outcome = build(room, executor=pool(press.Press))
    finally:
        ended.set()
        killer.join()
    assert {str(p).partition(": ")[2].partition(";")[0] for p in outcome.problems} <= {KILLED}
    assert 0 < len(killed) >= len(outcome.problems)
    assert build(room).problems.serious == 0
    assert_clean(room)


def test_a_worker_that_dies_before_its_first_job_costs_nothing(room: Room, told: Path) -> None:
    outcome = build(room, executor=pool(late))
    assert (list(outcome.problems), outcome.standing) == ([], 20)
    assert [told.with_name(name).exists() for name in ("first", "second")] == [True, True]


def test_a_worker_that_does_not_start_leaves_its_jobs_to_the_others(room: Room, told: Path) -> None:
    add(room, "a1", "a2", "a3")
    outcome = build(room, executor=pool(lone))
    assert list(outcome.problems) == []
    assert told.with_name("first").exists()
    assert_clean(room)


def test_where_no_worker_starts_that_is_told_once_and_nothing_is_lost(room: Room) -> None:
    build(room)
    before = content(room.path / "output")
    room.edit("releases/good.yaml", "Everything is right", "All is well")
    add(room, "a1", "a2", "a3")
    with pytest.raises(InputError) as raised:
        build(room, executor=pool(broken))
    assert [str(p) for p in raised.value.problems] == [
        "releases: cannot be made, no process for it starts: MemoryError: there is no room; "
        "build with --jobs 1; if that does not help, report it"
    ]
    assert content(room.path / "output") == before
    build(room)
    assert_clean(room)


def test_where_the_system_starts_no_more_processes_that_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise BlockingIOError(11, "no more processes")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", full)
    with pytest.raises(InputError, match=r"no process for it starts: BlockingIOError: .* no more processes"):
        build(room, executor=pool(press.Press))


def test_where_the_system_has_no_more_threads_that_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", full)
    with pytest.raises(InputError, match="no process for it starts: can't start new thread"):
        build(room, executor=pool(press.Press))


def test_a_worker_is_replaced_after_so_many_jobs(room: Room, told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "JOBS_A_WORKER", 2)
    add(room, "a1", "a2", "a3", "a4")
    assert list(build(room, executor=pool(Told, 1)).problems) == []
    made = told.read_text().split()
    assert [made.count(process) for process in dict.fromkeys(made)] == [2, 2, 1]
    assert active_children() == []
