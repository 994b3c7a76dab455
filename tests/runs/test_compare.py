from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sqlalchemy import select, update

import core
from core.comparison import Comparison
from core.runs.compare import ComparisonError, compare, train
from core.runs.computing.executors import InlineExecutor, Pool, make_executor
from core.runs.result import Result
from core.runs.runner import Runner
from core.runs.store import Store
from core.runs.store.schema import predictions, runs
from tests.runs.helpers import assert_same_numbers, comparison, pretend, running, settings, until

FEW, MORE = comparison(0.1, 0.01), comparison(0.1, 0.01, 0.001)


def test_nothing_is_kept_without_a_store(home):
    result = compare(FEW, progress=False)
    assert result.history["step"].max() > 0
    assert set(result.history["status"]) == {"running", "finished"}
    assert not home.exists()


def test_a_store_is_added_to_and_taken_from(store, monkeypatch):
    first = compare(FEW, store=store, progress=False)
    trained: list[str] = []
    submit = Runner._hand_out

    def counted(runner: Runner) -> None:
        submit(runner)
        trained.extend(run.key for stack in runner.underway.values() for run in stack.runs)

    monkeypatch.setattr(Runner, "_hand_out", counted)
    second = compare(MORE, store=store, progress=False)
    assert set(trained) == {run.key for run in MORE.runs()} - {run.key for run in FEW.runs()}
    kept = second.history[second.history["variant"] != "lr=0.001"].reset_index(drop=True)
    assert kept.equals(first.history)
    assert store.comparisons()["state"].tolist() == ["finished", "finished"]


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_and_this_process_give_the_same_numbers(store, workers):
    here = compare(MORE, progress=False)
    with make_executor(workers) as executor:
        there = compare(MORE, store=store, executor=executor, progress=False)
        assert executor.submit(int, "1").result() == 1, "the caller's executor was ended"
    if workers == 1:
        assert_same_numbers(here.history, there.history)
        assert_same_numbers(here.layers, there.layers)
    else:  # smaller stacks, whose sums are rounded elsewhere
        pd.testing.assert_series_equal(here.history["val_loss"], there.history["val_loss"], rtol=1e-5)


def test_a_comparison_that_fails_says_why():
    lost = comparison(0.1, data={"kind": "table", "sha256": "0" * 64, "target": "y"})
    with pytest.raises(ComparisonError, match="Upload it again"):
        compare(lost, progress=False)


def test_an_interrupted_comparison_is_cancelled_and_can_go_on(store, monkeypatch):
    long = comparison(0.1, training={"epochs": 500, "batch_size": 4})
    write = Runner._write
    written: list[int] = []

    def interrupted(runner: Runner, stack: object, advance: object) -> None:
        write(runner, stack, advance)
        written.append(advance.epoch)
        if len(written) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Runner, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compare(long, store=store, progress=False)
    assert store.progress(long.id).pending == "cancel"
    result = compare(long, store=store, progress=False)
    assert written[1] > 1, "it began again"
    assert result.history["epoch"].tolist() == [*range(501)] * 2


def test_the_progress_bar_counts_epochs(monkeypatch):
    bars = []

    class Bar:
        def __init__(self, **options) -> None:
            self.options, self.n, self.total = options, 0, 0
            bars.append(self)

        def update(self, more: float) -> None:
            self.n += more

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr("core.runs.compare.tqdm", Bar)
    compare(FEW)
    compare(FEW, progress=False)
    assert [(bar.n, bar.total) for bar in bars] == [(12, 12)] * 2
    assert [bar.options["disable"] for bar in bars] == [None, True], "None: tqdm shows itself on a terminal only"


def test_a_result_has_summary_networks_and_files(tmp_path):
    result = compare(FEW, progress=False)
    summary = result.summary("val_loss", at="best")
    assert summary["variant"].tolist() == ["lr=0.1", "lr=0.01"]
    assert summary["n"].tolist() == [2, 2]
    run = FEW.runs()[1]
    split = core.load_data(run.data)
    with torch.no_grad():
        loss = torch.nn.functional.cross_entropy(
            result.model(run)(torch.tensor(split.x_val, dtype=torch.float32)), torch.tensor(split.y_val)
        )
    last = result.history[result.history["run"] == run.key].iloc[-1]
    assert float(loss) == pytest.approx(last["val_loss"], rel=1e-5)
    paths = result.to_csv(tmp_path / "out")
    assert sorted(path.name for path in paths) == ["comparison.toml", "history.csv", "layers.csv", "runs.csv", "summary.csv"]
    assert Comparison.from_toml((tmp_path / "out" / "comparison.toml").read_text()).id == FEW.id
    assert len(result.histograms) == len(result.layers)
    assert len(result.grids) == 4


def test_what_another_version_trained_is_read_by_its_comparisons_id(store):
    trained = compare(FEW, store=store, progress=False).history
    with store.database.writing() as connection:  # keys are others where the version is
        connection.execute(update(runs).values(engine_version=0, key="old " + runs.c.key))
    assert store.history(MORE)[0].empty, "MORE holds the runs of FEW"
    kept = Result.stored(store, FEW.id).history
    assert kept.drop(columns="run").equals(trained.drop(columns="run"))
    assert store.comparisons()["outdated"].tolist() == [True]


def test_a_network_that_is_not_there_is_not_made_up(store):
    store.request(FEW, "run")
    result = Result.stored(store, FEW.id)
    assert result.history.empty
    with pytest.raises(LookupError, match="no trained network"):
        result.model(FEW.runs()[0])
    with pytest.raises(LookupError, match="no trained network"):
        compare(FEW, progress=False).model(MORE.runs()[5])


def test_train_gives_what_compare_gives():
    trained, compared = train(FEW.runs()), compare(FEW, progress=False)
    columns = [name for name in trained.history.columns if name != "variant"]
    assert_same_numbers(trained.history[columns], compared.history[columns])
    assert trained.history["variant"].unique().tolist() == ["lr=0.1", "lr=0.01"]


def test_predictions_are_the_same_however_they_were_trained_and_go_with_their_runs(store, monkeypatch):
    monkeypatch.setattr("core.engine.segments.Pace.epoch_done", lambda pace: True)  # a segment an epoch
    in_segments = compare(FEW, store=store, progress=False).predictions()
    at_once = train(FEW.runs()).predictions()
    pd.testing.assert_frame_equal(in_segments, at_once, check_exact=True)
    assert store.predictions(FEW, ["lr=0.01"])["variant"].unique().tolist() == ["lr=0.01"]
    store.delete(FEW.id)
    assert store.predictions(FEW).empty
    with store.database.reading() as connection:
        assert connection.execute(select(predictions)).all() == []


def test_train_names_variants_by_what_differs():
    runs = [settings(seed=4), settings(seed=2), settings(optimizer={"kind": "sgd"}, seed=2)]
    result = train(runs)
    assert result.runs[["variant", "seed", "run"]].values.tolist() == [
        ["adam", 4, runs[0].key],
        ["adam", 2, runs[1].key],
        ["sgd", 2, runs[2].key],
    ]


def test_train_starts_from_given_weights_and_follows_a_given_order():
    runs = [settings(seed=seed) for seed in (1, 2, 5)]
    models = [core.build_model(run).state_dict() for run in runs]
    examples = len(core.load_data(runs[0].data).x_train)
    order = [np.tile(np.arange(examples), (3, 1)) for _ in runs]
    given = train(runs, initial=[models[1]] * 3, order=order)
    losses = given.history.pivot(index="step", columns="seed", values="val_loss")
    assert (losses[1] == losses[2]).all()
    assert (losses[1] == losses[5]).all()


def test_train_refuses_a_run_that_is_given_twice():
    with pytest.raises(ValueError, match="twice"):
        train([settings(), settings()])


@pytest.mark.parametrize(("given", "said"), [
    ({"initial": []}, "initial: 0 given for 1 runs"),
    ({"order": [np.zeros((1, 5), int)] * 2}, "order: 2 given for 1 runs"),
    ({"order": [np.zeros((1, 5), int)]}, "1 epochs of 5 draws were given, but training.epochs is 3"),
    ({"order": [np.zeros((3, 0), int)]}, "3 epochs of 0 draws"),
    ({"order": [np.full((3, 5), 90)]}, "only indices of training examples, 0 to 89"),
    ({"order": [np.full((3, 5), -1)]}, "only indices of training examples"),
    ({"order": [np.zeros((3, 5))]}, "an integer array"),
    ({"order": [np.zeros(3, int)]}, "an integer array"),
], ids=str)  # fmt: skip
def test_train_refuses_starts_and_orders_that_do_not_go_with_the_runs(given, said):
    run = settings(data="iris", training={"epochs": 3})
    with pytest.raises(ValueError, match=said):
        train([run], **given)


def test_train_refuses_no_runs():
    with pytest.raises(ValueError, match="at least one"):
        train([])


def test_a_summary_of_what_is_no_metric_says_which_there_are():
    result = compare(FEW, progress=False)
    for metric in ("accuracy", "status"):
        with pytest.raises(ValueError, match=f"'{metric}' is not a numeric column .*val_accuracy"):
            result.summary(metric)


def test_a_comparison_that_a_runner_elsewhere_trains_is_waited_for(store, url):
    serving = Store(url)
    asked = store.request(MORE, "pause")
    with running(serving, Pool.around(InlineExecutor()), compute=pretend):
        until(lambda: store.progress(asked).runner, "the runner")
        result = compare(FEW, store=store, progress=False)
    assert result.history["step"].unique().tolist() == [0, 10, 20, 30], "this is what the pretending runner measures"
    serving.close()
