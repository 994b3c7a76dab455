"""Whatever is killed, the numbers at the end are those of an uninterrupted run, and no process is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pandas import DataFrame

from core.comparison import Comparison
from core.runs.computing import worker
from core.runs.store import Store, StoreLostError
from core.settings import RunSettings
from tests.runs import servers
from tests.runs.helpers import Bench, assert_same_numbers, gone, until
from tests.runs.processes import DASHBOARD, Family, started

WORKERS = 2
EPOCHS = 80
COMPARISON = Comparison(
    base=RunSettings.model_validate(
        {
            "data": {"kind": "digits"},
            "model": {"kind": "mlp", "hidden": [24], "dropout": 0.2, "normalization": "batch"},
            "training": {"epochs": EPOCHS, "batch_size": 64},
        }
    ),
    vary={"optimizer": ("adam", {"kind": "sgd", "lr": 0.1, "momentum": 0.9})},
    seeds=2,
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def uninterrupted() -> Iterator[Store]:
    """The same work, done in one go in this process."""
    store = Store.in_memory()
    Bench(store, worker.compute, slots=WORKERS).finish(store.request(COMPARISON, "run"))
    yield store
    store.close()


@pytest.fixture
def kept(store: Store) -> Store:
    """The store that the dashboard's processes use."""
    return store


@pytest.fixture
def dashboard(url: str, tmp_path: Path) -> Iterator[Family]:
    with started(DASHBOARD, tmp_path, TANDEM_WORKERS=str(WORKERS), TANDEM_STORE=url) as family:
        yield family


def reached(store: Store, share: float) -> DataFrame:
    """Waits till this share of the epochs is done; the history as it is then."""

    def enough() -> bool:
        progress = store.progress(COMPARISON.id)
        assert progress.state in ("queued", "running"), progress
        return progress.epochs_done >= share * progress.epochs_total

    until(enough, f"{share:.0%} of the epochs")
    assert store.progress(COMPARISON.id).state == "running", "it was over before it could be killed"
    return store.history(COMPARISON.id)[0]


def assert_finished_as(store: Store, uninterrupted: Store) -> None:
    until(lambda: not store.progress(COMPARISON.id).active, "the end of the comparison")
    assert store.progress(COMPARISON.id).state == "finished"
    assert_same_numbers(store.history(COMPARISON.id)[0], uninterrupted.history(COMPARISON.id)[0])
    assert_same_numbers(store.layers(COMPARISON.id)[0], uninterrupted.layers(COMPARISON.id)[0])
    assert_same_numbers(store.runs(COMPARISON.id), uninterrupted.runs(COMPARISON.id))
    for run in COMPARISON.runs():
        assert store.weights(run.key) == uninterrupted.weights(run.key)


def assert_kept(before: DataFrame, store: Store) -> None:
    """Every row that was shown is there, and is as it was; but for the status of a last row, which may have been `running`."""
    after = store.history(COMPARISON.id)[0].merge(before[["run", "step"]])
    assert_same_numbers(after.drop(columns="status"), before.drop(columns="status"))


def test_a_killed_worker_costs_nothing_but_time(kept, dashboard, uninterrupted):
    kept.request(COMPARISON, "run")
    before = reached(kept, 0.1)
    workers = dashboard.workers()
    assert len(workers) == WORKERS
    dashboard.kill(workers[0])
    assert_finished_as(kept, uninterrupted)
    assert_kept(before, kept)
    assert gone(workers[:1])
    assert not gone(workers[1:]), "the other worker had nothing to do with it"
    assert len(dashboard.workers()) == WORKERS


def test_a_killed_runner_is_replaced_and_the_next_goes_on(kept, dashboard, uninterrupted):
    kept.request(COMPARISON, "run")
    before = reached(kept, 0.1)
    first = dashboard.runner
    dashboard.kill(first)
    assert_finished_as(kept, uninterrupted)
    assert_kept(before, kept)
    assert dashboard.runner.pid != first.pid


def test_a_killed_dashboard_takes_its_processes_with_it_and_the_next_goes_on(kept, url, tmp_path, uninterrupted):
    kept.request(COMPARISON, "run")
    for share in (0.1, 0.4):
        with started(DASHBOARD, tmp_path, TANDEM_WORKERS=str(WORKERS), TANDEM_STORE=url) as dashboard:
            before = reached(kept, share)
            dashboard.kill()
        stood = kept.progress(COMPARISON.id)
        assert (stood.state, stood.runner) == ("running", False)
        assert_kept(before, kept)
    with started(DASHBOARD, tmp_path, TANDEM_WORKERS=str(WORKERS), TANDEM_STORE=url):
        assert_finished_as(kept, uninterrupted)
    assert_kept(before, kept)


def test_a_database_that_is_restarted_is_waited_for_and_the_work_goes_on(server, tmp_path, uninterrupted):
    url = server.new_database()
    with closing(Store(url)) as kept, started(DASHBOARD, tmp_path, TANDEM_WORKERS=str(WORKERS), TANDEM_STORE=url) as dashboard:
        kept.request(COMPARISON, "run")
        before = reached(kept, 0.1)
        first = dashboard.runner
        server.stop()
        with pytest.raises(StoreLostError):
            kept.progress(COMPARISON.id)
        server.start()
        assert_finished_as(kept, uninterrupted)
        assert_kept(before, kept)
        assert dashboard.runner == first, "the runner did not wait"


def test_a_cluster_computes_the_same_bits_also_when_a_worker_of_it_is_killed(url, kept, tmp_path, uninterrupted):
    environment = {"TANDEM_WORKERS": str(WORKERS), "TANDEM_STORE": url}
    with servers.dask(tmp_path) as (address, nanny), started(DASHBOARD, tmp_path, TANDEM_CLUSTER=address, **environment):
        kept.request(COMPARISON, "run")
        reached(kept, 0.1)
        worker = next(each for each in nanny.children(recursive=True) if "spawn_main" in " ".join(each.cmdline()))
        worker.kill()
        assert_finished_as(kept, uninterrupted)
