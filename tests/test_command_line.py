"""The command line: what it does, and exit 2 with one clear line for wrong input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest
import torch

from core.__main__ import load, main
from core.comparison import Comparison
from core.runs.compare import compare
from core.runs.configuration import Configuration
from core.runs.store import Store

SMALL = Comparison.load(
    {
        "base": {"data": "iris", "model": {"kind": "mlp", "hidden": [4]}, "training": {"epochs": 2}},
        "vary": {"optimizer": ["sgd", "adam"]},
        "seeds": 2,
    }
)

ROOT = Path(__file__).resolve().parents[1]
TRAINED = "seeds = 1\n[base]\ndata = 'iris'\n"


@pytest.fixture
def stored():
    """The default store with one comparison in it."""
    store = Store(Configuration().store)
    store.request(SMALL, "run")
    compare(SMALL, store=store, progress=False)
    yield store
    store.close()


def test_compare_writes_its_files_and_prints_the_summary(tmp_path, capsys):
    file = tmp_path / "c.toml"
    file.write_text(SMALL.to_toml())
    assert main(["compare", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"history.csv", "layers.csv", "runs.csv", "summary.csv", "comparison.toml"}
    assert list(pd.read_csv(tmp_path / "out" / "summary.csv")["variant"]) == ["sgd", "adam"]
    assert len(pd.read_csv(tmp_path / "out" / "history.csv")) == 4 * 3
    assert Comparison.from_toml((tmp_path / "out" / "comparison.toml").read_text()).id == SMALL.id
    assert list(pd.read_csv(tmp_path / "out" / "runs.csv")["optimizer.kind"]) == ["sgd", "sgd", "adam", "adam"]
    said = capsys.readouterr().out
    assert "adam" in said
    assert "Always predicting the most frequent class" in said
    assert "NaN" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seeds = ", "not TOML"),
        ("seeds = 0", "seeds: 0"),
        ("[base.optimizer]\nkind = 'sdg'", "base.optimizer: there is no kind 'sdg'; allowed: 'sgd'"),
        ("[vary]\n'optimizer.momentum' = [0.9]", "optimizer.momentum: no such setting; optimizer (adam) has"),
        ("[base.data]\nkind = 'table'\npath = 'missing.csv'\ntarget = 'y'", "missing.csv"),
        ("[base]\ndata = 'digits'\nmodel = 'convnets'", "there is no kind 'convnets'"),
        ("base = 'digits'", "base: 'digits': settings are a table"),
        ("[vary]\nseed = [1, 2]", "say which in seeds"),
        ("seeds = 3\n[base]\nseed = 4294967295", "exceed the largest seed"),
        ("[base.model]\nkind = 'mlp'\nhidden = [64, 100000]", "base.model.hidden.1: 100000: input should be less"),
        ("[base]\ntraining = { batch_size = 'all' }", "base.training.batch_size: 'all': input should be"),
        ("a = " + "[" * 3000, "too deep"),
        (TRAINED + "training = { device = 'cuda' }", 'training.device: "cuda" was asked for'),
        (TRAINED + "optimizer = { kind = 'custom', path = 'no_such.Thing' }", "optimizer.path: no_such.Thing cannot be imported"),
        (TRAINED + "optimizer = { kind = 'custom', path = 'os.path.join' }", "is not a subclass of torch.optim.Optimizer"),
        (TRAINED + "optimizer = { kind = 'custom', settings = { bogus = 1 } }", "unexpected keyword argument 'bogus'"),
        (TRAINED + "model = { kind = 'mlp', normalization = 'batch' }\ntraining = { batch_size = 89 }", "try 90"),
    ],
    ids=str,
)
def test_a_wrong_file_is_refused_with_one_clear_line_and_exit_2(tmp_path, capsys, monkeypatch, text, expected):
    file = tmp_path / "c.toml"
    file.write_text(text)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["compare", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1, "one line, and no traceback"
    assert not (tmp_path / "out").exists()


def test_a_table_that_is_none_is_refused(tmp_path, capsys):
    (tmp_path / "t.csv").write_bytes(b"PK\x03\x04 not a table")
    file = tmp_path / "c.toml"
    file.write_text("[base.data]\nkind = 'table'\npath = 't.csv'\ntarget = 'y'")
    assert main(["compare", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert "archive" in said
    assert said.count("\n") == 1


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "c.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.to_toml().encode())
    assert load(file) == SMALL


def test_a_folder_that_cannot_be_written_is_refused_before_the_training(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("core.runs.compare.compare_in", lambda *_, **__: pytest.fail("it trained"))
    (tmp_path / "c.toml").write_text(SMALL.to_toml())
    (tmp_path / "taken").write_text("a file")
    for out in ("taken", "taken/below"):
        assert main(["compare", str(tmp_path / "c.toml"), "--out", str(tmp_path / out)]) == 2
        assert "is not a folder" in capsys.readouterr().err


def test_a_killed_worker_costs_no_more_than_its_segment(tmp_path, capsys):
    """The command line makes its workers anew, as the dashboard's runner does."""
    file = tmp_path / "c.toml"
    file.write_text(SMALL.to_toml().replace("epochs = 2", "epochs = 1500"))
    with killing_one_worker() as killed:
        assert main(["compare", str(file), "--out", str(tmp_path / "out"), "--workers", "2"]) == 0
    assert killed.is_set()
    assert set(pd.read_csv(tmp_path / "out" / "history.csv").groupby("run")["epoch"].max()) == {1500}


@contextmanager
def killing_one_worker():
    """Kills a process of a pool that appears and has computed a little, once."""
    killed, over = threading.Event(), threading.Event()
    before = set(psutil.Process().children(recursive=True))

    def watch():
        while not (over.wait(0.02) or killed.is_set()):
            with suppress(psutil.Error):  # one ended meanwhile
                workers = [child for child in psutil.Process().children(recursive=True) if child.ppid() != os.getpid()]
                for worker in set(workers) - before:
                    if not killed.is_set() and worker.cpu_times().user > 0.2:
                        worker.kill()
                        killed.set()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def test_a_missing_file_and_a_binary_one_are_refused(tmp_path, capsys):
    assert main(["compare", str(tmp_path / "no.toml"), "--out", str(tmp_path)]) == 2
    assert "no.toml" in capsys.readouterr().err
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    assert main(["compare", str(tmp_path / "b.toml"), "--out", str(tmp_path)]) == 2
    assert "not a text file" in capsys.readouterr().err


def test_arguments_that_make_no_sense_end_with_2(capsys):
    for arguments in ([], ["compare"], ["compare", "x", "--out", "y", "--workers", "0"], ["frobnicate"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
    assert "not a whole number above 0" in capsys.readouterr().err


def test_runs_lists_exports_and_deletes_what_is_stored(stored, tmp_path, capsys):
    assert main(["runs"]) == 0
    assert SMALL.id in capsys.readouterr().out
    assert main(["runs", "export", SMALL.id, "--out", str(tmp_path / "out")]) == 0
    assert len(pd.read_csv(tmp_path / "out" / "summary.csv")) == 2
    assert main(["runs", "delete", SMALL.id]) == 0
    assert "4 runs" in capsys.readouterr().out
    assert main(["runs", "list"]) == 0
    assert "nothing is stored" in capsys.readouterr().out
    assert main(["runs", "delete", SMALL.id]) == 2
    assert SMALL.id in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--store", "URL", "list"], ["list", "--store", "URL"], ["export", SMALL.id, "--out", "OUT", "--store", "URL"]]
)
def test_the_store_is_named_before_or_after_the_action(stored, tmp_path, arguments, capsys, monkeypatch):
    url = f"sqlite:///{Configuration().home / 'tandem.db'}"
    monkeypatch.setenv("TANDEM_STORE", "sqlite://")
    assert main(["runs", *({"URL": url, "OUT": str(tmp_path / "out")}.get(word, word) for word in arguments)]) == 0
    assert SMALL.id in capsys.readouterr().out or (tmp_path / "out" / "summary.csv").exists()


@pytest.mark.parametrize(
    ("variable", "said"), [("TANDEM_MAX_RUNS", "runs of a comparison: 4 asked for"), ("TANDEM_MAX_WORK", "epochs x runs")]
)
def test_the_limits_of_the_installation_hold_on_the_command_line(tmp_path, capsys, monkeypatch, variable, said):
    (tmp_path / "c.toml").write_text(SMALL.to_toml())
    monkeypatch.setenv(variable, "1")
    assert main(["compare", str(tmp_path / "c.toml"), "--out", str(tmp_path / "out")]) == 2
    assert said in (error := capsys.readouterr().err)
    assert variable in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["c.toml", "c.json"])
def test_a_number_of_too_many_digits_is_refused_in_one_line(tmp_path, capsys, name):
    (tmp_path / name).write_text(
        ("seeds = " if name.endswith("toml") else '{"seeds": ') + "1" * 5000 + ("" if name.endswith("toml") else "}")
    )
    assert main(["compare", str(tmp_path / name), "--out", str(tmp_path / "out")]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_tables_that_vary_are_found_beside_the_file(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(f"x,y\n1,{name}\n2,c\n")
    table = 'data = { kind = "table", path = "a.csv", target = "y" }'
    (tmp_path / "c.toml").write_text(f'seeds = 1\n[base]\n{table}\n[vary]\n"data.path" = ["a.csv", "b.csv"]\n')
    assert len({run.data.sha256 for run in load(tmp_path / "c.toml").runs()}) == 2


def test_a_store_that_cannot_be_opened_is_named(tmp_path, capsys):
    (tmp_path / "x.db").write_bytes(b"no database at all, but long enough to be looked at" * 50)
    assert main(["runs", "--store", f"sqlite:///{tmp_path / 'x.db'}"]) == 2
    assert "x.db" in capsys.readouterr().err


def test_settings_prints_a_choice_or_says_which_there_are(capsys):
    assert main(["settings", "optimizer"]) == 0
    assert "adamw" in capsys.readouterr().out
    assert main(["settings", "nothing"]) == 2
    assert "there are: data" in capsys.readouterr().err


def test_json_files_are_read_too(tmp_path, capsys):
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"seeds": -1}))
    assert main(["compare", str(file), "--out", str(tmp_path / "out")]) == 2
    assert "seeds: -1" in capsys.readouterr().err


def test_a_reader_that_has_read_enough_is_no_error():
    """As `python -m core settings | head -1`: more is printed than a pipe holds."""
    command = [sys.executable, "-m", "core", "settings"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


def test_how_a_table_is_read_is_said_before_it_is_trained_on(tmp_path, monkeypatch, capsys):
    """Also for one whose path begins with the user's folder, as seen from a comparison file in another one."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    rows = "".join(f"{n % 17},{'' if n % 3 == 0 else 'yes' if n % 2 else 'no'}\n" for n in range(60))
    (home / "ill.csv").write_text(f"age,ill\n{rows}")
    file = tmp_path / "c.toml"
    file.write_text('seeds = 1\n[base.data]\nkind = "table"\npath = "~/ill.csv"\ntarget = "ill"\n[base.training]\nepochs = 1\n')
    assert main(["compare", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    printed = capsys.readouterr().out
    assert "40 of 60 rows (20 without a target)" in printed
    assert "2 classes: no 20, yes 20" in printed
    assert "1 column of numbers -> 1 feature" in printed


def test_a_missing_table_is_named_by_the_folder_that_was_used(tmp_path, capsys):
    file = tmp_path / "c.toml"
    file.write_text('[base.data]\nkind = "table"\npath = "no/such.csv"\ntarget = "y"\n')
    assert main(["compare", str(file), "--out", str(tmp_path / "out")]) == 2
    complained = capsys.readouterr().err
    assert f"There is no file at {tmp_path / 'no' / 'such.csv'}" in complained
    assert "a relative one" not in complained
