"""A send that is killed, or whose server is: nobody gets two, and the ledger knows what it does not know."""

from __future__ import annotations

import csv
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from conftest import HEADER, ROOT, VALLEY, Office
from mailserver import MailServer


@dataclass
class CountingServer:
    """The counting server, a process that can be killed; ``log`` outlives it."""

    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        script = Path(__file__).parent / "mailserver.py"
        command = [sys.executable, str(script), str(self.port), str(self.log), "0.002"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout
        assert self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        assert self.process
        assert self.process.stdout
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def taken(self) -> list[list[str]]:
        """Return address and Message-ID of each message that was taken."""
        return [line.split() for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def wait_for(self, number: int) -> None:
        end = time.monotonic() + 120
        while len(self.taken()) < number:
            assert time.monotonic() < end
            time.sleep(0.01)


@contextmanager
def counting(office: Office, tmp_path: Path) -> Iterator[CountingServer]:
    server = CountingServer(office.port, tmp_path / "log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


def write_list(office: Office, number: int) -> None:
    rows = "".join(f"r{n}@example.org,기자 {n},{('ko', 'en', 'fr')[n % 3]},,,\n" for n in range(number))
    office.room.write("journalists.csv", HEADER + rows)


@contextmanager
def sending(office: Office) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        str(ROOT / "build.py"),
        "send",
        VALLEY,
        "--list",
        "journalists.csv",
        "--yes",
        "--for",
        "5m",
    ]
    with subprocess.Popen(command, cwd=office.room.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        try:
            yield run
        finally:
            run.kill()


def unknown(office: Office) -> list[tuple[str, str]]:
    rows = csv.DictReader(office.send("--report", "--csv").out)
    return [(row["address"], row["message_id"]) for row in rows if row["state"] == "unknown"]


@pytest.mark.slow
def test_five_hundred_get_it_once_though_the_server_dies_twice_and_the_sender_once(
    office: Office, tmp_path: Path
) -> None:
    write_list(office, 500)
    with counting(office, tmp_path) as server:
        with sending(office) as run:
            for number in (90, 210):
                server.wait_for(number)
                server.kill()
                server.start()
            server.wait_for(330)
            run.send_signal(signal.SIGKILL)
            assert run.wait() == -signal.SIGKILL
        office.room.run("send", VALLEY, "--list", "journalists.csv", "--yes")
        # What is unknown the officer looks up in the server's log.
        arrived = dict(map(reversed, server.taken()))  # type: ignore[arg-type]
        open_ = unknown(office)
        assert len(open_) <= 3
        for address, identifier in open_:
            if identifier in arrived:
                office.send("--unknown-arrived", "--only", address)
            else:
                office.send("--list", "journalists.csv", "--resend-unknown", "--only", address, "--yes")
        taken = server.taken()
    assert Counter(address for address, _ in taken) == {f"r{n}@example.org": 1 for n in range(500)}
    assert Counter(office.states().values()) == {"accepted": 500}
    assert {".v1.ko.", ".v1.en.", ".v1.fr."} == {f".v1.{line[1].split('.v1.')[1][:2]}." for line in taken}


@pytest.mark.slow
def test_killed_at_any_moment_nobody_gets_two(office: Office, tmp_path: Path) -> None:
    write_list(office, 500)
    chance = random.Random(7)
    kills = 0
    with counting(office, tmp_path) as server:
        for number in sorted(chance.sample(range(1, 480), 8)):
            with sending(office) as run:
                server.wait_for(number)
                time.sleep(chance.random() / 50)
                if run.poll() is None:
                    run.send_signal(signal.SIGKILL)
                    kills += 1
        office.room.run("send", VALLEY, "--list", "journalists.csv", "--yes")
        taken = Counter(address for address, _ in server.taken())
    states = office.states()
    assert kills > 4
    assert set(taken.values()) == {1}
    assert set(states.values()) <= {"accepted", "unknown"} and len(states) == 500
    in_doubt = {address for address, state in states.items() if state == "unknown"}
    assert len(in_doubt) <= kills
    # The ledger says accepted of those, and only those, that the server took, besides those in doubt.
    assert states.keys() - in_doubt == taken.keys() - in_doubt


#: Where the sender is killed, as the function whose call it does not outlive, and the state that its third message has.
STAGES = {
    "before the message's end is noted": ("ledger.Ledger.depart", "before", "planned", 2),
    "after it is noted, before it is sent": ("ledger.Ledger.depart", "after", "unknown", 2),
    "after it was taken, before that is noted": ("ledger.Ledger.settle", "before", "unknown", 3),
    "after that is noted": ("ledger.Ledger.settle", "after", "accepted", 3),
}


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_each_stage_the_next_run_knows(office: Office, stage: str) -> None:
    place, when, state, taken = STAGES[stage]
    module, cls, method = place.split(".")
    rows = "".join(f"{name}@example.org,,en,,,\n" for name in "abcde")
    office.room.write("journalists.csv", HEADER + rows)
    die = "calls.append(1); len(calls) == 3 and os.kill(os.getpid(), 9)"
    before, after = (die, "0") if when == "before" else ("0", die)
    code = f"""
import os
from communique import cli, {module}
calls, real = [], {place}
def mortal(*arguments, **named):
    {before}
    real(*arguments, **named)
    {after}
{module}.{cls}.{method} = mortal
cli.main(['send', '{VALLEY}', '--list', 'journalists.csv', '--yes'])
"""
    with MailServer(office.port) as server:
        run = subprocess.run([sys.executable, "-c", code], cwd=office.room.path, capture_output=True, check=False)
        assert run.returncode == -signal.SIGKILL, run.stderr
        assert [one.to[0] for one in server.taken] == list("abc")[:taken]
        done = office.send("--list", "journalists.csv", "--yes")
        everybody = [one.to[0] for one in server.taken]
        assert sorted(everybody) == sorted(set("abcde") - ({"c"} if state == "unknown" and taken == 2 else set()))
        told = [line for line in done.out if line.startswith("Unknown from an earlier send")]
        assert bool(told) == (state == "unknown")
        expected = dict.fromkeys((f"{name}@example.org" for name in "abcde"), "accepted")
        if state == "unknown":
            expected["c@example.org"] = "unknown"
        assert office.states() == expected


def test_killed_while_the_server_thinks_it_is_unknown(office: Office) -> None:
    office.room.write("journalists.csv", HEADER + "a@example.org,,en,,,\nb@example.org,,en,,,\n")
    with MailServer(office.port, delay=5) as server:
        with sending(office) as run:
            while office_state(office) != "in flight":
                time.sleep(0.05)
            time.sleep(0.3)
            run.send_signal(signal.SIGKILL)
            run.wait()
        server.delay = 0
        done = office.send("--list", "journalists.csv", "--yes")
        assert done.err[0] == "communique: an earlier send was stopped: 1 message unknown"
        assert office.states() == {"a@example.org": "unknown", "b@example.org": "accepted"}


def office_state(office: Office) -> str:
    lines = office.room.run("send", VALLEY, "--report").out
    return "in flight" if "In flight:" in lines else ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_politely_nothing_is_left_unknown(office: Office, number: signal.Signals) -> None:
    write_list(office, 20)
    with MailServer(office.port, delay=0.5) as server:
        with sending(office) as run:
            while not server.tries["rcpt"]:
                time.sleep(0.02)
            run.send_signal(number)
            assert run.wait() == 130
        taken = len(server.taken)
        assert taken < 4
        states = Counter(office.states().values())
        assert states == {"accepted": taken, "planned": 20 - taken}
        server.delay = 0
        office.send("--list", "journalists.csv", "--yes")
        assert sorted(one.to for one in server.taken) == sorted(f"r{n}@example.org" for n in range(20))


def test_stopped_while_it_waits_it_ends_at_once(office: Office) -> None:
    write_list(office, 2)
    with sending(office) as run:
        assert run.stderr
        while b"again in 4 s" not in run.stderr.readline():
            pass
        run.send_signal(signal.SIGINT)
        start = time.monotonic()
        assert run.wait() == 130
        assert time.monotonic() - start < 2
    assert Counter(office.states().values()) == {"planned": 2}
