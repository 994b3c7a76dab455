"""Advances a stack by epochs, records the evaluations, and takes out the runs that end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.engine.batches import epoch_indices, tensors_of
from core.engine.measuring.baselines import baselines
from core.engine.measuring.grids import grid_bytes
from core.engine.measuring.measures import Moment, ParameterSlice, layer_rows, measured, of_network
from core.engine.measuring.movement import Path, moved
from core.engine.measuring.outputs import TEST, TRAINING, VALIDATION
from core.engine.measuring.predicting import predictions_of
from core.engine.measuring.scores import Activity, Scores, evaluate
from core.engine.measuring.structure import is_ranked
from core.engine.network import state_dicts
from core.engine.network.networks import state_of, trained_model
from core.engine.records import BEFORE_REWIND, TEST_SCORES, TRAIN_SCORES, VAL_SCORES, Records, Row
from core.engine.stack import Stack
from core.engine.training.distillation import has_hints, outputs_of
from core.engine.training.divergence import beyond, broken
from core.engine.training.trainer import Trainer

GRID_FEATURES = 2


def advance(stack: Stack, epochs: int = 1, enough: Callable[[], bool] = lambda: False) -> tuple[Stack, Records]:
    """Trains the stack for `epochs` more epochs, or fewer if all runs end before. Returns the new stack and what was measured.

    The state before the first update is recorded first. Runs that finish, stop or diverge leave the stack. While a stack has
    teachers, only the teachers are trained, and nothing is recorded. `enough` is called after each epoch of the stack itself; if it
    returns True, this call ends there.
    """
    records = Records()
    if stack.teachers:
        return _advance_teachers(stack, epochs), records
    until = (stack.epoch + epochs) * stack.steps_per_epoch if stack.runs else 0
    if stack.runs and not stack.measured:
        stack = _start(stack, records)
    ended = False
    while stack.runs and stack.step < until and not ended:
        stack, ended = _advance_until_one_leaves(stack, until, records, enough)
    return stack, records


def _advance_teachers(stack: Stack, epochs: int) -> Stack:
    outputs = dict(stack.teacher_outputs)
    x_ND = tensors_of(stack).train.x_ND
    hints, waiting = has_hints(stack.runs), []
    for teacher in stack.teachers:
        left, records = advance(teacher, epochs)
        by_key = {run.key: run for run in teacher.runs}
        for row in records.ended:
            network = trained_model(by_key[row["run"]], row["weights"]).to(x_ND.device)
            outputs[row["run"]] = outputs_of(network, x_ND, hints=hints)
        waiting += [] if left.finished else [left]
    return replace(stack, teachers=tuple(waiting), teacher_outputs=outputs)


def _start(stack: Stack, records: Records) -> Stack:
    trainer = Trainer(stack)
    trainer.prune()
    gradient_RP = trainer.first_gradient()
    left = _record(trainer, gradient_RP, None, records, range(len(trainer.runs)))
    return _without(trainer.freeze(measured=True), left)


def _advance_until_one_leaves(stack: Stack, until: int, records: Records, enough: Callable[[], bool]) -> tuple[Stack, bool]:
    """Trains until a run leaves, or until `enough` returns True at the end of an epoch; the second value tells whether it did."""
    trainer = Trainer(stack)
    per_epoch, size = trainer.steps_per_epoch, trainer.batch_size
    index_RN = epoch_indices(stack, trainer.step // per_epoch)
    left: list[int] = []
    ended = False
    while trainer.step < until and not left and not ended:
        place = trainer.step % per_epoch
        if place == 0:
            index_RN = epoch_indices(stack, trainer.step // per_epoch)
        rewound = trainer.rewound_at(trainer.step + 1)
        due = range(len(trainer.runs)) if trainer.due(trainer.step + 1) else rewound
        observed = trainer.update(index_RN[:, place * size : (place + 1) * size], observe=bool(due))
        lost = _record_before_rewind(trainer, rewound, *observed, records) if rewound and observed else []
        trainer.prune(spared=lost)
        if observed is not None:
            gradient_RP, before_RP = observed
            before_RP[rewound] = torch.nan  # no update led from `before_RP` to the rewound weights
            left = _record(trainer, gradient_RP, before_RP, records, due)
        ended = place + 1 == per_epoch and enough()
    return _without(trainer.freeze(), left), ended


def _without(stack: Stack, left: list[int]) -> Stack:
    return stack.keep([row for row in range(len(stack.runs)) if row not in left]) if left else stack


def _record_before_rewind(trainer: Trainer, rows: Sequence[int], gradient_RP: Tensor, before_RP: Tensor, records: Records) -> list[int]:
    """Records these runs before they are rewound, and restarts their logged loss.

    Returns the rows that have diverged; these are not pruned.
    """
    after_RP = trainer.flat_RP.clone() if trainer.optimizers.averaging else trainer.flat_RP
    trainer.evaluating(True, rows)
    look = _look(trainer, gradient_RP, before_RP, after_RP)
    found = _history_rows(trainer, look, ["running"] * len(trainer.runs))
    lost_R = _broken(trainer, look).tolist()
    finite = [row for row in rows if not lost_R[row]]
    records.history += [found[row] | {"moment": BEFORE_REWIND} for row in finite]
    trainer.logged_R3[finite] = 0
    trainer.evaluating(False, rows)
    return [row for row in rows if lost_R[row]]


@dataclass(frozen=True)
class _Look:
    """What is measured of a stack at one evaluation."""

    train: Scores
    val: Scores
    activity: Activity
    network: ParameterSlice
    path: Path


def _look(trainer: Trainer, gradient_RP: Tensor, before_RP: Tensor | None, after_RP: Tensor) -> _Look:
    activity = Activity()
    train = evaluate(trainer.network, trainer.measured, trainer.data.task, activity, step=trainer.step, which=TRAINING)
    val = evaluate(trainer.network, trainer.data.val, trainer.data.task, step=trainer.step, which=VALIDATION)
    network = of_network(Moment(trainer.flat_RP, gradient_RP, before_RP, after_RP), trainer.network.layout, activity)
    return _Look(train, val, activity, network, trainer.track.path(before_RP, after_RP))


def _record(trainer: Trainer, gradient_RP: Tensor, before_RP: Tensor | None, records: Records, rows: Sequence[int]) -> list[int]:
    """Adds one evaluation of these runs and shows it to stopping rules and schedules. Returns the rows of the runs that end here."""
    after_RP = trainer.flat_RP.clone() if trainer.optimizers.averaging else trainer.flat_RP
    trainer.evaluating(True, rows)
    look = _look(trainer, gradient_RP, before_RP, after_RP)
    rates = trainer.rates()  # read before a schedule that watches the loss lowers the rates
    trainer.stopping.watch(look.val, rows)
    trainer.optimizers.watch(look.val.loss.tolist(), rows)
    statuses = _statuses(trainer, look)
    found = _history_rows(trainer, look, statuses, rates)
    records.history += [found[row] for row in rows]
    left = [row for row in rows if statuses[row] != "running"]
    records.layers += _layer_rows(trainer, look, rows, left)
    trainer.track.evaluated(rows)
    trainer.restore_best(left)
    records.ended += _ended_rows(trainer, left, statuses)
    records.grids += _grid_rows(trainer, rows)
    trainer.logged_R3[list(rows)] = 0
    trainer.evaluating(False, rows)
    return left


def _layer_rows(trainer: Trainer, look: _Look, rows: Sequence[int], left: Sequence[int]) -> list[Row]:
    ranked = rows if is_ranked(trainer.step, trainer.steps_per_epoch) else left
    found = layer_rows(look.network, trainer.network.layout, look.activity, look.path, ranked)
    keys = [run.key for run in trainer.runs]
    placed = ((place % len(keys), row) for place, row in enumerate(found))
    return [{"run": keys[place], "step": trainer.step} | row for place, row in placed if place in rows]


def _grid_rows(trainer: Trainer, rows: Sequence[int]) -> list[Row]:
    """The outputs on a grid over the plane, for data with two features."""
    if trainer.data.train.x_ND.shape[1] != GRID_FEATURES:
        return []
    grids = grid_bytes(trainer.network, trainer.data.train, trainer.data.task)
    return [{"run": trainer.runs[row].key, "step": trainer.step, "grid": grids[row]} for row in rows]


def _broken(trainer: Trainer, look: _Look) -> Tensor:
    measured = [scores.loss for part, scores in ((trainer.measured, look.train), (trainer.data.val, look.val)) if len(part)]
    return broken(trainer.flat_RP, trainer.logged_R3, *measured)


def _statuses(trainer: Trainer, look: _Look) -> list[str]:
    train_R = look.train.loss if len(trainer.measured) else trainer.logged_R3[:, 0] / trainer.logged_R3[:, 2]
    lost_R, far_R = _broken(trainer, look), beyond(train_R, look.val.loss, trainer.data)
    per_epoch = trainer.steps_per_epoch
    statuses = []
    for row, (run, lost, far) in enumerate(zip(trainer.runs, lost_R.tolist(), far_R.tolist(), strict=True)):
        stops = trainer.stopping.stops(row)
        ends = trainer.step >= run.training.epochs * per_epoch
        diverged = lost or (far and (ends or stops))
        statuses.append("diverged" if diverged else "finished" if ends else "stopped" if stops else "running")
    return statuses


def _history_rows(trainer: Trainer, look: _Look, statuses: list[str], rates: list[float] | None = None) -> list[Row]:
    """One row for every run of the stack; `rates` are the learning rates of the last update."""
    stack, logged_R3, train, val = trainer.stack, trainer.logged_R3, look.train, look.val
    columns = {
        "run": [run.key for run in trainer.runs],
        "seconds": trainer.seconds_R.tolist(),
        "lr": rates or trainer.rates(),
        "train_loss": (logged_R3[:, 0] / logged_R3[:, 2]).tolist(),
        "penalty": (logged_R3[:, 1] / logged_R3[:, 2]).tolist(),
        **train.columns(TRAIN_SCORES),
        **val.columns(VAL_SCORES),
        **measured(look.network),
        **moved(look.path),
        "status": statuses,
    }
    epoch, samples = trainer.step / trainer.steps_per_epoch, _samples(trainer.step, stack)
    common = {"step": trainer.step, "epoch": epoch, "samples": samples, "moment": ""}
    return [common | dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _samples(step: int, stack: Stack) -> int:
    """Examples seen after `step` updates; the last batch of an epoch may be smaller."""
    epochs, rest = divmod(step, stack.steps_per_epoch)
    return epochs * stack.draws + rest * stack.batch_size


def _ended_rows(trainer: Trainer, left: list[int], statuses: list[str]) -> list[Row]:
    """One row for each run that ends. This is the only place where the test set is evaluated, once for each run."""
    if not left:
        return []
    test = evaluate(trainer.network, trainer.data.test, trainer.data.task, step=trainer.step, which=TEST).columns(TEST_SCORES)
    of_the_data = baselines(trainer.data) | {"target_std": trainer.data.target_std}
    finite = [row for row in left if statuses[row] != "diverged"]
    predictions = predictions_of(trainer.network, trainer.data, trainer.runs, finite, trainer.step)
    rows = []
    for row in left:
        state = state_of(trainer.gradients.template, trainer.flat_RP[row], trainer.gradients.buffers, row)
        rows.append(
            {
                "run": trainer.runs[row].key,
                "status": statuses[row],
                **{name: values[row] for name, values in test.items()},
                **of_the_data,
                "parameters": trainer.network.layout.size,
                "nonzero": int(trainer.flat_RP[row].count_nonzero()),
                "weights": state_dicts.to_bytes(state),
                "predictions": predictions.get(row),
            }
        )
    return rows
