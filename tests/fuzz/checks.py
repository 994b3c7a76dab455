"""What each thing made by chance must come to: it is taken, and stays what it is, or it is refused in words."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Literal

from core.__main__ import load
from core.choices.words.refusals import COUNTED, LONGEST_LINE, MOST_COMPLAINTS
from core.comparison import Comparison
from core.data.examples import DataError
from core.data.loading import load_data
from core.settings import RunSettings, SettingsError
from core.ui.form import varied
from core.ui.form.links import Query
from tests.fuzz import bombs, links, settings, tables

Outcome = Literal["taken", "refused"]
CHEAP = 3e8
"""Multiply-adds of a run that is trained: a second or so."""


class FaultError(AssertionError):
    """Something was taken and came back as something else, or was refused at length."""


def try_settings(given: dict[str, Any]) -> Outcome:
    """Settings of a run, which JSON keeps."""
    try:
        run = RunSettings.model_validate(given)
    except SettingsError as error:
        return _refused(error)
    _same(run.key, RunSettings.model_validate_json(run.text).key, "a run's key after JSON")
    return "taken"


def try_comparison(given: dict[str, Any]) -> Outcome:
    """A comparison, which TOML, JSON and the form's texts keep; two runs of other settings have other names."""
    try:
        comparison = Comparison.load(given)
    except SettingsError as error:
        return _refused(error)
    _same(comparison.id, Comparison.from_toml(comparison.to_toml()).id, "a comparison's id after TOML")
    _same(comparison.id, Comparison.from_json(comparison.to_json()).id, "a comparison's id after JSON")
    named = {(name, run.model_copy(update={"seed": 0}).key) for name, run in comparison.members}
    _same(len(named), len(comparison.names), "the number of variants and of their names")
    crossed = _through_the_form(comparison, varied.of(comparison))  # whose names say yes where 1 was given for it
    _same([run.key for run in comparison.runs()], [run.key for run in crossed.runs()], "a comparison's runs after the form")
    _same(comparison.id, _through_the_form(comparison, varied.in_names(comparison)).id, "a comparison's id as named variants")
    return "taken"


def _through_the_form(comparison: Comparison, asked: varied.Varied) -> Comparison:
    return Comparison.load({"base": comparison.base, **asked.read(comparison.base)})


def try_text(written: tuple[str, str]) -> Outcome:
    """A text in TOML or JSON, given as it is, and as the file of the command line."""
    language, text = written
    try:
        comparison = (Comparison.from_toml if language == "toml" else Comparison.from_json)(text)
    except SettingsError as error:
        with contextlib.suppress(SettingsError):  # a file may begin with a byte order mark
            _from_file(text, language)
        return _refused(error)
    _same(comparison.id, _from_file(text, language).id, "a comparison's id in a file")
    _same(comparison.id, Comparison.from_toml(comparison.to_toml()).id, "a comparison's id after TOML")
    return "taken"


def _from_file(text: str, language: str) -> Comparison:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"comparison.{language}"
        file.write_bytes(text.encode(errors="surrogatepass"))
        return load(file)


def try_table(made: tuple[bytes, str]) -> Outcome:
    """A table from a file, and the column to predict."""
    content, target = made
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{hashlib.sha256(content).hexdigest()[:8]}.csv"
        file.write_bytes(content)
        try:
            load_data(RunSettings.model_validate({"data": {"kind": "table", "path": str(file), "target": target}}).data)
        except (SettingsError, DataError) as error:
            _same(True, len(str(error)) < 20_000, "that a refusal is short")
            return "refused"
    return "taken"


def try_training(run: RunSettings) -> Outcome:
    """Settings that were taken, trained for an epoch: they end, or are refused in words."""
    import core
    from core.choices.optimizers.others import CustomOptimizerError
    from core.engine.stack import DeviceError
    from core.runs.compare import ComparisonError

    try:
        statuses = set(core.train([run]).history.groupby("run")["status"].last())
    except (SettingsError, DataError, DeviceError, CustomOptimizerError, ComparisonError):
        return "refused"
    _same(True, statuses <= {"finished", "stopped", "diverged"}, f"that a run ends, of {statuses}")
    return "taken"


def cheap(rng: Random) -> RunSettings:
    """Settings that are taken, and whose epoch takes a second or so."""
    from core.engine.sizes import multiply_adds

    while True:
        given = settings.right(rng, RunSettings, share=0.25)
        given["training"] = {**given.get("training", {}), "epochs": 1, "evaluate_every": None}
        try:
            run = RunSettings.model_validate(given)
            every = (run, *run.teachers)
            work = sum(
                multiply_adds(part) * part.training.epochs * (part.data.size or 2_000) * part.optimizer.evaluations for part in every
            )
        except SettingsError:
            continue
        if work <= CHEAP:
            return run


def try_link(link: tuple[str, Query]) -> Outcome:
    """A page opened by a link: it may refuse what it is given, in words; nothing else goes wrong."""
    path, query = link
    app = links.opened(path, query)
    wrong = [shown.value for shown in app.exception] + [e.value for e in app.error if e.value.endswith("nothing that was stored is lost.")]
    _same([], wrong, f"what goes wrong on {path} with {query}")
    return "refused" if app.error else "taken"


def _refused(error: SettingsError) -> Outcome:
    lines = str(error).splitlines()
    counted = sum(COUNTED.fullmatch(line) is not None for line in lines)
    short = 1 <= len(lines) - counted <= 2 * MOST_COMPLAINTS and max(map(len, lines)) <= 2 * LONGEST_LINE
    _same(True, short, f"that a refusal is short, of {len(lines)} lines: {lines[0][:100]}")
    return "refused"


def _same(expected: object, found: object, what: str) -> None:
    if found != expected:
        raise FaultError(f"{what}: {found!r}, not {expected!r}"[:2000])


CHECKS: dict[str, tuple[Callable[[Random], Any], Callable[[Any], Outcome]]] = {
    "settings": (settings.settings, try_settings),
    "comparisons": (settings.comparison, try_comparison),
    "texts": (settings.text, try_text),
    "tables": (tables.table, try_table),
    "bombs": (bombs.bomb, try_table),
    "links": (links.link, try_link),
    "training": (cheap, try_training),
}
"""What makes a thing by chance, and what it must come to."""
