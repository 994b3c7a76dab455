from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from core.runs.store import Store, ledger
from core.runs.store.schema import comparisons, runs, stacks
from tests.runs.helpers import Bench, Log, assert_same_numbers, comparison, records_of

FEW, MORE = comparison(0.1, 0.01), comparison(0.1, 0.01, 0.001)


def statuses(store: Store, comparison_id: str) -> list[str]:
    return store.runs(comparison_id)["status"].tolist()


def last_statuses(store: Store, comparison_id: str) -> list[str]:
    """The status in each run's last row."""
    return store.history(comparison_id)[0].groupby("run", sort=False)["status"].last().tolist()


def stack_count(store: Store) -> int:
    with store.database.reading() as connection:
        return connection.scalars(select(func.count()).select_from(stacks)).one()


def test_a_comparison_is_trained_and_finished(store):
    bench = Bench(store)
    bench.finish(store.request(FEW, "run"))
    progress = store.progress(FEW.id)
    assert (progress.state, progress.runs_done, progress.epochs_done) == ("finished", 4, 12)
    assert statuses(store, FEW.id) == last_statuses(store, FEW.id) == ["finished"] * 4
    frame, _ = store.history(FEW.id)
    assert frame["step"].tolist() == [0, 10, 20, 30] * 4
    assert set(frame.loc[frame["step"] < 30, "status"]) == {"running"}
    assert stack_count(store) == 0
    assert store.comparisons()["finished"].notna().all()


def test_what_is_stored_is_not_trained_again(store):
    log = Log()
    bench = Bench(store, log)
    bench.finish(store.request(FEW, "run"))
    log.segments.clear()
    bench.finish(store.request(MORE, "run"))
    assert set(log.trained) == {run.key for run in MORE.runs()} - {run.key for run in FEW.runs()}
    log.segments.clear()
    bench.finish(store.request(MORE, "run"))
    assert log.trained == []
    assert store.progress(MORE.id).state == "finished"


def test_runs_that_are_being_trained_for_another_comparison_are_waited_for(store):
    log = Log()
    bench = Bench(store, log)
    for each in (FEW, MORE):
        store.request(each, "run")
    bench.finish(FEW.id, MORE.id)
    begun = [run.key for segment in log.segments if segment.state is None for run in segment.runs]
    assert sorted(begun) == sorted(run.key for run in MORE.runs())


def test_two_comparisons_get_segments_in_turn(store):
    log = Log()
    bench = Bench(store, log)
    long, short = comparison(0.3, training={"epochs": 20}), comparison(0.4, training={"epochs": 4})
    for each in (long, short):
        store.request(each, "run")
    bench.finish(short.id)
    epochs = [segment.runs[0].training.epochs for segment in log.segments]
    assert epochs[:6] in ([20, 4, 20, 4, 20, 4], [4, 20, 4, 20, 4, 20])
    assert store.progress(long.id).state == "running"


def test_pausing_stops_between_segments_and_resuming_goes_on_from_there(store):
    log = Log()
    bench = Bench(store, log)
    long = comparison(0.1, training={"epochs": 20})
    store.request(long, "run")
    bench.turn(2)
    store.request(long.id, "pause")
    bench.turn(2)  # what was being computed is still taken in
    before, done = store.progress(long.id), len(log.segments)
    bench.turn(3)
    assert (before.state, before.active) == ("paused", False)
    assert 0 < before.epochs_done < before.epochs_total
    assert (store.progress(long.id), len(log.segments)) == (before, done)
    bench.finish(store.request(long.id, "resume"))
    assert store.progress(long.id).state == "finished"
    assert store.history(long.id)[0]["step"].tolist() == [*range(0, 201, 10)] * 2


def test_a_step_is_one_epoch_and_then_a_pause(store):
    bench = Bench(store)
    store.request(FEW, "step")
    for epoch in (1, 2):
        bench.finish(FEW.id)
        assert store.progress(FEW.id).state == "paused"
        assert set(store.runs(FEW.id)["epoch"]) == {epoch}
        store.request(FEW.id, "step")
        assert store.progress(FEW.id).active
    bench.finish(FEW.id)
    assert store.progress(FEW.id).state == "finished"


def test_cancelling_says_so_in_the_runs_and_in_their_last_rows(store):
    bench = Bench(store)
    long = comparison(0.1, training={"epochs": 20})
    store.request(long, "run")
    bench.turn(2)
    store.request(long.id, "cancel")
    bench.finish(long.id)
    bench.turn()
    assert store.progress(long.id).state == "cancelled"
    assert statuses(store, long.id) == last_statuses(store, long.id) == ["cancelled"] * 2
    assert store.history(long.id)[0]["status"].value_counts()["cancelled"] == 2


def test_a_cancelled_comparison_that_is_run_again_goes_on_from_where_it_was(store):
    log = Log()
    bench = Bench(store, log)
    long = comparison(0.1, training={"epochs": 20})
    store.request(long, "run")
    bench.turn(3)
    store.request(long.id, "cancel")
    bench.finish(long.id)
    known = store.follow(long.id)
    bench.finish(store.request(long.id, "run"))
    assert [segment.state is None for segment in log.segments].count(True) == 1
    assert store.history(long.id)[0]["step"].tolist() == [*range(0, 201, 10)] * 2
    assert last_statuses(store, long.id) == ["finished"] * 2
    assert "cancelled" not in set(store.history(long.id)[0]["status"])
    assert_same_numbers(store.follow(long.id, known)[0], store.history(long.id)[0])


def test_a_comparison_cancelled_before_it_began_can_be_run(store):
    bench = Bench(store)
    store.request(FEW, "run")
    store.request(FEW.id, "cancel")
    bench.turn()
    assert (store.progress(FEW.id).state, statuses(store, FEW.id)) == ("cancelled", ["cancelled"] * 4)
    bench.finish(store.request(FEW.id, "run"))
    assert statuses(store, FEW.id) == ["finished"] * 4


def test_cancelling_leaves_alone_what_another_comparison_waits_for(store):
    bench = Bench(store)
    for each in (MORE, FEW):
        store.request(each, "run")
    bench.turn()
    store.request(MORE.id, "cancel")
    bench.finish(FEW.id)
    assert statuses(store, FEW.id) == ["finished"] * 4
    assert store.progress(MORE.id).state == "cancelled"


def test_part_of_a_cancelled_stack_that_is_wanted_begins_again(store):
    bench = Bench(store)
    part, whole = (comparison(*rates, training={"epochs": 20}) for rates in ([0.1], [0.1, 0.01]))
    store.request(whole, "run")
    bench.turn(2)
    store.request(whole.id, "cancel")
    bench.finish(whole.id)
    known = store.follow(whole.id)
    bench.finish(store.request(part, "run"))
    assert store.history(part.id)[0]["step"].tolist() == [*range(0, 201, 10)] * 2
    assert statuses(store, whole.id) == ["finished"] * 2 + ["cancelled"] * 2
    assert_same_numbers(store.follow(whole.id, known)[0], store.history(whole.id)[0])
    bench.finish(store.request(whole.id, "run"))
    assert store.history(whole.id)[0]["step"].tolist() == [*range(0, 201, 10)] * 4


def test_the_next_runner_goes_on_where_the_last_one_ended(store):
    long = comparison(0.1, 0.01, training={"epochs": 20})
    first = Bench(store)
    store.request(long, "run")
    first.turn(3)
    reached = store.progress(long.id).epochs_done
    log = Log()
    first.runner.lease.release()
    second = Bench(store, log)
    second.finish(long.id)
    assert 0 < reached < 80
    assert None not in [segment.state for segment in log.segments]
    assert store.history(long.id)[0]["step"].tolist() == [*range(0, 201, 10)] * 4


def test_a_stack_that_had_not_begun_begins_again_with_the_next_runner(store):
    store.request(FEW, "run")
    with store.database.writing() as connection:
        ledger.take_request(connection)
        ledger.open_comparison(connection, FEW.id, 2)
    assert stack_count(store) == 2
    Bench(store).finish(FEW.id)
    assert statuses(store, FEW.id) == ["finished"] * 4


def test_a_pause_outlasts_the_runner(store):
    long = comparison(0.1, training={"epochs": 20})
    first = Bench(store)
    store.request(long, "run")
    first.turn(2)
    store.request(long.id, "pause")
    first.turn(2)
    first.runner.lease.release()
    log = Log()
    second = Bench(store, log)
    second.turn(3)
    assert (store.progress(long.id).state, log.segments) == ("paused", [])
    second.finish(store.request(long.id, "resume"))
    assert store.progress(long.id).state == "finished"


def test_deleting_what_is_being_trained_stops_it(store):
    log = Log()
    bench = Bench(store, log)
    long = comparison(0.1, training={"epochs": 40})
    store.request(long, "run")
    bench.turn(3)
    store.delete(long.id)
    bench.turn(3)
    done = len(log.segments)
    bench.turn(3)
    assert len(log.segments) == done
    assert (store.count(), stack_count(store)) == (0, 0)
    bench.finish(store.request(long, "run"))
    assert store.history(long.id)[0]["step"].tolist() == [*range(0, 401, 10)] * 2


def test_deleting_leaves_another_comparison_its_part_of_a_stack(store):
    bench = Bench(store)
    for each in (MORE, FEW):
        store.request(each, "run")
    bench.turn(2)
    store.delete(MORE.id)
    bench.finish(FEW.id)
    assert store.history(FEW.id)[0]["step"].tolist() == [0, 10, 20, 30] * 4


def test_runs_of_another_version_of_the_engine_are_not_mixed_with_new_ones(store):
    store.request(FEW, "run")
    with store.database.writing() as connection:
        connection.execute(update(runs).values(engine_version=0))
    Bench(store).finish(FEW.id)
    progress = store.progress(FEW.id)
    assert progress.state == "failed"
    assert "another version" in progress.message


def test_a_comparison_is_in_the_transaction_of_its_last_segment(store):
    bench = Bench(store)
    store.request(FEW, "run")
    with store.database.writing() as connection:
        ledger.take_request(connection)
        opened = ledger.open_comparison(connection, FEW.id, 1)
    (stack,) = opened.stacks
    records = records_of(FEW.runs()[0], 0, 30, status="finished")
    for run in FEW.runs()[1:]:
        records.extend(records_of(run, 0, 30, status="diverged"))
    with store.database.writing() as connection:
        assert ledger.apply(connection, stack.id, ledger.SegmentResult(None, records, 3, 0.1))
        assert connection.scalar(select(comparisons.c.state)) == "finished"
    with store.database.writing() as connection:
        assert not ledger.apply(connection, stack.id, ledger.SegmentResult(None, records, 3, 0.1))
    assert bench.runner.agenda.jobs == {}
    assert (store.progress(FEW.id).runs_done, store.progress(FEW.id).runs_diverged) == (4, 3)


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_what_has_finished_stays_finished(store, action):
    bench = Bench(store)
    bench.finish(store.request(FEW, "run"))
    store.request(FEW.id, action)
    bench.turn(2)
    assert store.progress(FEW.id).state == "finished"


def test_the_time_left_is_judged_by_the_pace_of_the_stacks(store):
    bench = Bench(store)
    long = comparison(0.1, training={"epochs": 40})
    store.request(long, "run")
    assert store.progress(long.id).seconds_left is None
    bench.turn(3)
    progress = store.progress(long.id)
    left = (progress.epochs_total - progress.epochs_done) / 2
    assert progress.seconds_left == pytest.approx(left * 0.01 / 2)
