"""The command line: `python -m core compare | runs | questions | claims | settings | runner`.

Exit status: 0 for success, 2 with a clear message if the input is wrong, 1 with a message if the store failed or something was not run.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.choices.words.refusals import SettingsError, below, read_json, read_toml
from core.comparison import Comparison

if TYPE_CHECKING:
    from pandas import DataFrame

    from core.runs.store import Store

FAILED, WRONG_INPUT = 1, 2
ANSWER = ("id", "question", "claim", "verdict", "effect", "ci_low", "ci_high", "n", "threshold", "seconds")
"""What `questions --json` says of each question; of several claims, the figures of the first that decides its verdict."""
Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command in the arguments; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `... | head` has read enough lines
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except _wrong_input() as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return FAILED if isinstance(error, _failures()) else WRONG_INPUT
    except NotRunError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m core", description="Train small networks side by side, and see the effect of each choice."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_compare(commands.add_parser("compare", help="run a comparison file and write its CSVs"))
    _add_runs(commands.add_parser("runs", help="list, export or delete stored comparisons"))
    _add_questions(commands.add_parser("questions", help="answer the questions by running their experiments here"))
    _add_claims(commands.add_parser("claims", help="check the statements of the pages about the comparisons that they offer"))
    _add_settings(commands.add_parser("settings", help="show every choice with its kinds and fields"))
    _add_runner(commands.add_parser("runner", help="train what the dashboard requests (the dashboard starts a runner itself)"))
    return parser


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a comparison in TOML (or JSON, by its file name): base, vary or variants, seeds")
    parser.add_argument("--out", type=Path, required=True, help="folder for history, layers, runs and summary (CSV) and comparison.toml")
    parser.add_argument("--store", metavar="URL", help="store the runs there, and train only runs that it does not have")
    parser.add_argument("--workers", type=_count, help="number of training processes (default: all cores)")
    parser.set_defaults(command=compare)


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="URL", help="URL of the store (default: the dashboard's store)")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    parser.set_defaults(command=list_runs)
    store = argparse.ArgumentParser(add_help=False)  # the option may stand before or after the action
    store.add_argument("--store", metavar="URL", default=argparse.SUPPRESS, help="URL of the store (default: the dashboard's store)")
    actions.add_parser("list", help="list the stored comparisons (default)", parents=[store]).set_defaults(command=list_runs)
    export = actions.add_parser("export", help="write a comparison's CSVs", parents=[store])
    export.add_argument("comparison", help="the id of the comparison, from `runs list`")
    export.add_argument("--out", type=Path, required=True)
    export.set_defaults(command=export_runs)
    delete = actions.add_parser("delete", help="delete a comparison, and the runs that no other comparison uses", parents=[store])
    delete.add_argument("comparison")
    delete.set_defaults(command=delete_runs)


def _add_questions(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", metavar="ID", help="numbers of the questions, such as 05 or 18b (default: all)")
    _add_measuring(parser)
    parser.set_defaults(command=answer_questions)


def _add_claims(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="pages with experiments, such as learning_rate (default: all)")
    _add_measuring(parser)
    parser.set_defaults(command=measure_claims)


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a list of objects instead of lines")
    parser.add_argument("--store", metavar="URL", help="URL of the store for the measured results (default: the dashboard's store)")
    parser.add_argument("--workers", type=_count, help="number of computing processes (default: all cores)")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default="", help="a choice, such as optimizer or model.activation (default: all)")
    parser.set_defaults(command=show_settings)


def _add_runner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="URL", help="URL of the store (default: the dashboard's store)")
    parser.add_argument("--workers", type=_count, help="number of training processes (default: all cores)")
    parser.add_argument("--watch-stdin", action="store_true", help="end when standard input closes")
    parser.set_defaults(command=run_runner)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _wrong_input() -> tuple[type[Exception], ...]:
    """Returns the exceptions that a user can fix; their messages say how."""
    from core.data.loading import DataError
    from core.runs.compare import ComparisonError
    from core.runs.configuration import ConfigurationError, LimitError
    from core.runs.store.asking import UnknownComparisonError
    from core.runs.store.database import StoreError

    return SettingsError, DataError, ComparisonError, LimitError, ConfigurationError, StoreError, UnknownComparisonError, OSError


def _failures() -> tuple[type[Exception], ...]:
    """Returns those of them that do not come from the input."""
    from core.runs.store.database import StoreFailedError

    return (StoreFailedError,)


def load(file: Path) -> Comparison:
    """Returns the comparison in a TOML or JSON file.

    A relative path of a table starts at the file's folder. Raises SettingsError, OSError.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        given = read_json(text) if file.suffix == ".json" else read_toml(text)
        return Comparison.load(_with_whole_paths(given, file.resolve().parent))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file}: not a text file in UTF-8") from error
    except SettingsError as error:
        raise SettingsError(below(f"{file}: ", str(error))) from error


def _with_whole_paths(given: Any, folder: Path) -> Any:
    if isinstance(given, list):
        return [_with_whole_paths(item, folder) for item in given]
    if not isinstance(given, dict):
        return given
    whole = {name: _with_whole_paths(value, folder) for name, value in given.items()}
    names = ["data.path", *(["path"] if whole.get("kind") == "table" else [])]
    return whole | {name: _whole_path(whole[name], folder) for name in names if name in whole}


def _whole_path(path: Any, folder: Path) -> Any:
    """Returns one path, or each of several varying paths, relative to the file's folder."""
    if isinstance(path, list):
        return [_whole_path(item, folder) for item in path]
    return str(folder / Path(path).expanduser()) if isinstance(path, str) and path else path


def compare(options: argparse.Namespace) -> None:
    """The command `compare FILE --out DIR`."""
    from core.analysis import baselines
    from core.runs.compare import compare_in
    from core.runs.computing.executors import InlineExecutor, Pool, make_executor
    from core.runs.configuration import Configuration, check_limits

    comparison, configuration = load(options.file), Configuration()
    check_limits(comparison, configuration)
    _check_folder(options.out)
    _say_how_tables_are_read(comparison)
    logging.getLogger("core").addHandler(logging.NullHandler())  # errors are reported once, at the end
    workers = options.workers or configuration.workers
    store = _store(options.store) if options.store else None
    pool = Pool(partial(make_executor, workers), workers) if workers > 1 else Pool.around(InlineExecutor())
    result = compare_in(pool, comparison, store=store)
    result.to_csv(options.out)
    print(_short(result.summary()).to_string(index=False))
    if baseline := baselines.sentence(result.runs):
        print(baseline)
    print(f"written to {options.out}")


def _short(summary: DataFrame) -> DataFrame:
    """Returns the summary without empty columns, and without the baseline, which is printed as a sentence."""
    known = summary.dropna(axis="columns", how="all")
    return known[[name for name in map(str, known) if not name.startswith("baseline") and name != "target_std"]]


def _say_how_tables_are_read(comparison: Comparison) -> None:
    """Prints the report of each table before any training. Raises DataError for a table that cannot be used for training."""
    from core.data.loading import load_data
    from core.data.sets.fetched import TabularData

    tables = dict.fromkeys(run.data for run in comparison.runs() if isinstance(run.data, TabularData))
    for data in tables:
        reading = load_data(data).reading
        if reading is not None:
            print(reading.text(), end="\n\n")


def _check_folder(folder: Path) -> None:
    """Checks before the training that the results can be written after it. Raises OSError."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not there.is_dir():
        raise NotADirectoryError(f"--out: {there} is not a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(f"--out: {there} is not writable")


def answer_questions(options: argparse.Namespace) -> None:
    """The command `questions [ID ...]`. Raises NotRunError after printing all others if a question could not be run."""
    from core.questions import measuring
    from core.questions.catalogue import chosen

    _measure(options, chosen(options.ids), measuring.rows, _answered, ANSWER)


def measure_claims(options: argparse.Namespace) -> None:
    """The command `claims [PAGE ...]`. Raises NotRunError after printing all others if an experiment could not be run."""
    from core.experiments.catalogue import chosen
    from core.experiments.claims import measuring

    _measure(options, [experiment for experiment in chosen(options.pages) if experiment.claims], measuring.rows, _claimed)


def _measure(
    options: argparse.Namespace,
    things: Sequence[Any],
    rows: Callable[[Any, Store], dict[str, Row]],
    say: Callable[[Row], str],
    fields: Sequence[str] = (),
) -> None:
    """Computes what is missing in the store for questions or experiments, and prints the results of their claims.

    fields: the fields of a row in the JSON output; all if it is empty.
    """
    from core.experiments.claims.measuring import measure
    from core.runs.computing.executors import make_executor
    from core.runs.configuration import Configuration

    store = _store(options.store)
    logging.getLogger("core").addHandler(logging.NullHandler())  # errors are reported once, at the end
    with make_executor(options.workers or Configuration().workers) as executor:
        failed = measure(things, store, executor)
    found = list(rows([thing for thing in things if thing.id not in failed], store).values())
    told = [{name: row[name] for name in fields or row} for row in found]
    print(json.dumps(told, indent=2, allow_nan=False, default=str) if options.json else "\n".join(map(say, found)))
    if failed:
        raise NotRunError("; ".join(f"{name}: {why}" for name, why in failed.items()))


class NotRunError(RuntimeError):
    """A requested question or experiment could not be run."""


def _answered(row: Row) -> str:
    return "\n".join([f"{row['id']:>4}  {row['verdict']:8} {row['question']}  {_seconds(row)}", *_sentences(row)])


def _claimed(row: Row) -> str:
    return "\n".join([f"{row['verdict']:8} {row['id']}  {_seconds(row)}", *_sentences(row)])


def _sentences(row: Row) -> list[str]:
    """A line for each claim: its effect, interval, number of seeds and verdict."""
    return [f"      {part['sentence']}" for part in row["parts"]]


def _seconds(row: Row) -> str:
    return f"({row['seconds']:.1f} s of one core)"


def list_runs(options: argparse.Namespace) -> None:
    """`runs list`."""
    comparisons = _store(options.store).comparisons(limit=1_000_000)
    if comparisons.empty:
        print("nothing is stored yet")
        return
    columns = ["id", "name", "state", "runs", "runs_done", "diverged", "created"]
    print(comparisons[columns].to_string(index=False))


def export_runs(options: argparse.Namespace) -> None:
    """The command `runs export ID --out DIR`."""
    from core.runs.result import Result

    Result.stored(_store(options.store), options.comparison).to_csv(options.out)
    print(f"written to {options.out}")


def delete_runs(options: argparse.Namespace) -> None:
    """The command `runs delete ID`."""
    deleted = _store(options.store).delete(options.comparison)
    print(f"deleted {deleted.comparison} and {len(deleted.runs)} runs that no other comparison uses")


def show_settings(options: argparse.Namespace) -> None:
    """`settings [PATH]`."""
    from core.reference import reference_text

    print(reference_text(options.path))


def run_runner(options: argparse.Namespace) -> None:
    """`runner`."""
    from core.runs.configuration import Configuration
    from core.runs.runner import main as run

    asked = {name: value for name in ("store", "workers") if (value := getattr(options, name)) is not None}
    run(Configuration(**asked), watch_stdin=options.watch_stdin)


def _store(url: str | None) -> Store:
    from core.runs.configuration import Configuration
    from core.runs.store import Store

    return Store(url or Configuration().store)


if __name__ == "__main__":
    sys.exit(main())
