from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest
from sqlalchemy import update

from core.runs.store import Store
from core.runs.store.lease import Lease, LeaseLostError, holder
from core.runs.store.schema import lease
from tests.runs.helpers import Bench, comparison, until


def change(store: Store, **values) -> None:
    with store.database.writing() as connection:
        connection.execute(update(lease).values(**values))


def test_only_one_runner_has_the_lease(store):
    first, second = Lease(store.database, 2), Lease(store.database, 3)
    assert first.take()
    assert not second.take()
    assert first.take()
    first.release()
    assert second.take()
    with store.database.reading() as connection:
        held = holder(connection)
    assert (held.owner, held.workers, held.alive) == (second.owner, 3, True)


def test_the_lease_of_a_dead_process_is_taken_over_at_once(store):
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    started = psutil.Process(process.pid).create_time()
    assert Lease(store.database, 2).take()
    change(store, pid=process.pid, started=started)
    until(lambda: Lease(store.database, 2).take(), "the lease, though nobody has collected the process")
    process.wait()


def test_another_process_with_the_same_number_is_not_taken_for_the_runner(store):
    assert Lease(store.database, 2).take()
    change(store, started=time.time() - 1000)
    assert Lease(store.database, 2).take()


def test_the_lease_of_a_stopped_process_is_taken_over_when_it_has_expired(store):
    process = psutil.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process.create_time()
    process.suspend()
    assert Lease(store.database, 2).take()
    change(store, pid=process.pid, started=started)
    until(lambda: process.status() == psutil.STATUS_STOPPED, "the stop")
    assert not Lease(store.database, 2).take()
    change(store, expires=time.time() - 1)
    assert Lease(store.database, 2).take()
    process.kill()
    process.communicate()


def test_on_another_machine_a_lease_holds_until_it_expires(store):
    assert Lease(store.database, 2).take()
    change(store, host="elsewhere", pid=1)
    assert not Lease(store.database, 2).take()
    change(store, expires=time.time() - 1)
    assert Lease(store.database, 2).take()


def test_who_has_lost_the_lease_writes_nothing_more(store):
    bench = Bench(store)
    store.request(comparison(0.1, training={"epochs": 20}), "run")
    bench.turn(2)
    reached = store.progress(comparison(0.1, training={"epochs": 20}).id)
    change(store, owner="another")
    with pytest.raises(LeaseLostError):
        bench.turn()
    bench.runner.lease.release()
    assert store.progress(comparison(0.1, training={"epochs": 20}).id) == reached


def test_progress_says_whether_a_runner_is_there(store):
    asked = store.request(comparison(0.1), "run")
    assert not store.progress(asked).runner
    mine = Lease(store.database, 2)
    mine.take()
    assert store.progress(asked).runner
    mine.release()
    assert not store.progress(asked).runner


def test_renewing_moves_the_end_of_the_lease(store, monkeypatch):
    mine = Lease(store.database, 2)
    mine.take()
    change(store, expires=0.0)
    mine.renew()
    with store.database.reading() as connection:
        assert holder(connection).expires == 0.0, "it was renewed before it was time"
    monkeypatch.setattr("core.runs.store.lease.RENEWED_EVERY_SECONDS", 0.0)
    mine.renew()
    with store.database.reading() as connection:
        assert holder(connection).expires > time.time()
