from __future__ import annotations

import pickle

import pytest

from core.comparison import Comparison
from core.engine.sizes import parameters
from core.runs.configuration import Configuration, ConfigurationError, LimitError, check, work
from tests.runs.helpers import comparison, settings


def test_everything_has_a_default(home, monkeypatch):
    monkeypatch.delenv("TANDEM_HOME")
    configuration = Configuration()
    assert configuration.home.name == "tandem"
    assert configuration.store == f"sqlite:///{configuration.home}/tandem.db"
    assert configuration.workers >= 1


def test_the_environment_is_read_and_what_is_given_goes_before_it(home, monkeypatch):
    monkeypatch.setenv("TANDEM_WORKERS", "3")
    monkeypatch.setenv("TANDEM_MAX_RUNS", "7")
    assert Configuration().home == home
    assert Configuration().store == f"sqlite:///{home}/tandem.db"
    assert (Configuration().workers, Configuration(workers=5).workers, Configuration().max_runs) == (3, 5, 7)
    assert Configuration(store="postgresql://host/name").store == "postgresql://host/name"


@pytest.mark.parametrize("value", ["many", "0", "-1", "1.5"])
def test_a_variable_that_cannot_be_used_is_named(monkeypatch, value):
    monkeypatch.setenv("TANDEM_WORKERS", value)
    with pytest.raises(ConfigurationError, match=rf"TANDEM_WORKERS: '{value}'"):
        Configuration()


def test_another_process_gets_the_same_configuration_by_its_environment(monkeypatch):
    given = Configuration(workers=3, max_work=5e6, store="postgresql://me:secret@host/name", cluster="tcp://host:8786")
    for name, value in given.environment().items():
        monkeypatch.setenv(name, value)
    assert Configuration() == given


def test_a_comparison_within_the_limits_passes():
    check(comparison(0.1), Configuration())
    check(comparison(0.1), Configuration(max_runs=2, max_work=work(comparison(0.1).runs())))


def test_too_many_runs_are_refused_with_the_limit_and_what_raises_it():
    with pytest.raises(LimitError) as raised:
        check(comparison(0.1, 0.2, seeds=4), Configuration(max_runs=7))
    error = raised.value
    assert (error.limit, error.asked, error.allowed, error.variable) == ("max_runs", 8, 7, "TANDEM_MAX_RUNS")
    assert str(error) == "runs of a comparison: 8 asked for, at most 7 allowed (TANDEM_MAX_RUNS raises it)"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_work_of_teachers_counts():
    run = settings(distillation={"kind": "ensemble", "teachers": 3, "teacher_hidden": [100], "teacher_epochs": 7})
    teacher = (2 * 100 + 100) + (100 * 2 + 2)
    assert work([run]) == work([settings()]) + 3 * 7 * teacher
    assert (
        work([run, run.model_copy(update={"optimizer": settings(optimizer="sgd").optimizer})]) == 2 * work([settings()]) + 3 * 7 * teacher
    )


def test_too_much_work_is_refused():
    run = settings(model={"kind": "mlp", "hidden": [5]}, training={"epochs": 100})
    assert parameters(run) == (2 * 5 + 5) + (5 * 2 + 2)
    asked = 100 * 2 * parameters(run)
    check(Comparison(base=run, seeds=2), Configuration(max_work=asked))
    with pytest.raises(LimitError, match=f"{asked:,} asked for.*TANDEM_MAX_WORK"):
        check(Comparison(base=run, seeds=2), Configuration(max_work=asked - 1))


def test_the_parameters_for_a_table_are_read_from_it(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a,b,c,kind\n" + "\n".join(f"{n},{n * n},{-n},{'xyz'[n % 3]}" for n in range(60)) + "\n")
    run = settings(data={"kind": "table", "path": str(table), "target": "kind"}, model={"kind": "linear"})
    assert parameters(run) == (3 + 1) * 3
