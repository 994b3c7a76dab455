"""OpenML's data sets, through scikit-learn's own loading code, from a small server on this machine that answers as OpenML does."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from sklearn.datasets import _openml

from core.data.files import Limits
from core.data.loading import DataError, load_data
from core.data.sets import OpenMl, Table, openml
from core.data.tables import keep_table, tables_folder
from core.settings import RunSettings

ROWS = 60
COLUMNS = {"id": "numeric", "age": "numeric", "city": ("Bern", "New York", "Oslo"), "note": "string", "bought": ("no", "yes")}


def table(rows: int = ROWS) -> list[tuple[str, ...]]:
    """Rows as ARFF writes them: numbers and categories, missing values as question marks."""
    generator = np.random.default_rng(0)
    ages = ["?" if row % 7 == 0 else str(int(generator.integers(18, 90))) for row in range(rows)]
    cities = ["?" if row % 9 == 0 else str(generator.choice(["Bern", "'New York'", "Oslo"])) for row in range(rows)]
    bought = [str(generator.choice(["no", "yes"])) for _ in range(rows)]
    return [(str(row), ages[row], cities[row], f"'note {row}'", bought[row]) for row in range(rows)]


def arff(rows: list[tuple[str, ...]]) -> bytes:
    kinds = [kind if isinstance(kind, str) else "{" + ", ".join(f"'{value}'" for value in kind) + "}" for kind in COLUMNS.values()]
    head = [f"@ATTRIBUTE {name} {kind}" for name, kind in zip(COLUMNS, kinds, strict=True)]
    return "\n".join(["@RELATION people", *head, "@DATA", *(",".join(row) for row in rows), ""]).encode()


def features() -> list[dict]:
    """What OpenML says of the columns."""
    described = []
    for index, (name, kind) in enumerate(COLUMNS.items()):
        nominal = {} if isinstance(kind, str) else {"nominal_value": list(kind)}
        flags = {"is_target": name == "bought", "is_ignore": False, "is_row_identifier": name == "id"}
        data_type = kind if isinstance(kind, str) else "nominal"
        common = {"index": str(index), "name": name, "data_type": data_type, "number_of_missing_values": "0"}
        described.append(common | nominal | {flag: str(value).lower() for flag, value in flags.items()})
    return described


@dataclass
class Served:
    """What the server answers: path -> bytes; anything else is OpenML's 412. `asked` are the paths that were asked for."""

    url: str
    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    error: int = 412

    def offer(self, data_id: int, content: bytes, qualities: dict[str, float], **changes: str) -> None:
        """Offers a data set under its number."""
        description = {
            "id": str(data_id),
            "name": "people",
            "version": "1",
            "description": "People.",
            "format": "ARFF",
            "url": f"{self.url}/data/v1/download/{data_id}/people.arff",
            "default_target_attribute": "bought",
            "status": "active",
            "md5_checksum": hashlib.md5(content).hexdigest(),
        }
        counted = [{"name": name, "value": str(value)} for name, value in qualities.items()]
        api = "/api/v1/json/data"
        self.answers[f"{api}/{data_id}"] = json.dumps({"data_set_description": description | changes}).encode()
        self.answers[f"{api}/features/{data_id}"] = json.dumps({"data_features": {"feature": features()}}).encode()
        self.answers[f"{api}/qualities/{data_id}"] = json.dumps({"data_qualities": {"quality": counted}}).encode()
        self.answers[f"/data/v1/download/{data_id}/people.arff"] = content


@pytest.fixture
def served(monkeypatch):
    """A server on a free port of this machine in the place of www.openml.org, offering number 7; it ends with the test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answers.asked.append(self.path)
            content = answers.answers.get(self.path)
            self.send_response(answers.error if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers = Served(f"http://127.0.0.1:{server.server_port}")
    answers.offer(7, arff(table()), {"NumberOfInstances": ROWS, "NumberOfFeatures": len(COLUMNS)})
    point_to(answers.url, monkeypatch)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def point_to(url, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
        monkeypatch.setattr(_openml, name, getattr(_openml, name).replace("https://www.openml.org", url))
    load_data.cache_clear()


def as_csv() -> bytes:
    """The same rows as a user's own table, without the row numbers that OpenML marks."""
    lines = [",".join(row[1:]).replace("'", "") for row in table()]
    return "\n".join([",".join(list(COLUMNS)[1:]), *lines, ""]).encode()


def test_it_becomes_what_the_same_table_brought_by_a_user_becomes(served):
    ours = load_data(OpenMl(data_id=7, drop=("note",)))
    theirs = load_data(Table(sha256=keep_table(as_csv(), tables_folder(), "people.csv"), target="bought", drop=("note",)))
    assert ours.feature_names == theirs.feature_names == ("age", "age=missing", "city=Bern", "city=New York", "city=Oslo", "city=missing")
    assert ours.class_names == ("no", "yes")
    assert np.array_equal(ours.x_train, theirs.x_train)
    assert np.array_equal(ours.y_test, theirs.y_test)
    assert ours.shape == (6,)


def test_it_is_fetched_once_and_then_needs_no_network(served, home, monkeypatch):
    first = load_data(OpenMl(data_id=7, drop=("note",)))
    asked = list(served.asked)
    assert len(asked) == len(set(asked)) == 4  # description, size, columns, data: each once
    assert list((home / "openml").rglob("people.arff.gz"))
    served.answers.clear()
    load_data.cache_clear()
    again = load_data(OpenMl(data_id=7, drop=("note",)))
    assert again is not first
    assert np.array_equal(again.x_train, first.x_train)
    assert served.asked == asked


def test_another_target_can_be_named(served):
    split = load_data(OpenMl(data_id=7, target="age", drop=("note",)))
    assert split.task == "regression"
    assert split.dropped == len(range(0, ROWS, 7))  # those whose age is missing
    assert "bought=yes" in split.feature_names
    assert load_data(OpenMl(data_id=7, target="city", drop=("note",))).class_names == ("Bern", "New York", "Oslo")


def test_what_a_run_was_trained_on_is_in_its_key():
    runs = [RunSettings(data=data) for data in (OpenMl(data_id=7), OpenMl(data_id=8), OpenMl(data_id=7, target="age"))]
    assert len({run.key for run in runs}) == 3
    assert OpenMl(data_id=7).identity() == {"kind": "openml", "data_id": 7}
    assert RunSettings.model_validate({"data": "openml"}).data == OpenMl(data_id=31)


def test_text_is_refused_with_the_columns_to_leave_out(served):
    with pytest.raises(DataError, match=r"^OpenML data set 7: Only numbers and categories.*'note' \(free text\).*drop = \['note'\]"):
        load_data(OpenMl(data_id=7))


def test_an_unknown_number_is_refused(served):
    with pytest.raises(DataError, match=r"^OpenML data set 8: Dataset with data_id 8 not found\. Check its number"):
        load_data(OpenMl(data_id=8))


def test_an_unknown_target_is_refused_with_the_columns(served):
    with pytest.raises(DataError, match=r"no column 'buy' to be the target. The columns are 'age', 'city', 'note', 'bought'"):
        load_data(OpenMl(data_id=7, target="buy"))


@pytest.mark.parametrize("own", ["", "age,bought"])
def test_without_one_target_of_its_own_one_must_be_named(served, own):
    served.offer(9, arff(table()), {}, default_target_attribute=own)
    with pytest.raises(DataError, match=r"no default target column\. Name one: 'age', 'city', 'note', 'bought'"):
        load_data(OpenMl(data_id=9))
    assert load_data(OpenMl(data_id=9, target="bought", drop=("note",))).outputs == 2


def test_sparse_data_are_refused_before_they_are_fetched(served):
    served.offer(9, b"", {}, format="Sparse_ARFF")
    with pytest.raises(DataError, match="Its format is Sparse_ARFF"):
        load_data(OpenMl(data_id=9))
    assert not [path for path in served.asked if "download" in path]


@pytest.mark.parametrize(
    ("qualities", "message"),
    [
        ({"NumberOfInstances": 5e6, "NumberOfFeatures": 3}, "more rows than the limit of 1,000,000"),
        ({"NumberOfInstances": 70_000, "NumberOfFeatures": 785}, "more than the limit of 20,000,000 cells"),
    ],
)
def test_huge_data_are_refused_before_they_are_fetched(served, qualities, message):
    served.offer(9, arff(table()), qualities)
    with pytest.raises(DataError, match=message):
        load_data(OpenMl(data_id=9))
    assert not [path for path in served.asked if "download" in path]


def test_data_whose_size_openml_does_not_tell_are_measured_afterwards(served, tmp_path):
    served.offer(9, arff(table()), {})
    with pytest.raises(DataError, match="more rows than the limit of 59"):
        openml.fetch(9, "", tmp_path, Limits(rows=59))


def test_damaged_data_are_refused_and_not_kept(served, home):
    served.offer(9, arff(table()), {}, md5_checksum="0" * 32)
    with pytest.raises(DataError, match=r"^OpenML data set 9: The md5 checksum"):
        load_data(OpenMl(data_id=9))
    served.offer(9, arff(table()), {})
    for kept in (home / "openml").rglob("9.gz"):
        kept.unlink()
    assert load_data(OpenMl(data_id=9, drop=("note",))).outputs == 2


def test_a_server_in_trouble_is_named_with_its_answer(served):
    served.error = 503
    with pytest.raises(DataError, match=r"OpenML answered with an error \(503 .*Try again later"):
        load_data(OpenMl(data_id=8))


def test_without_a_network_it_says_so_and_what_to_do(home, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        point_to(f"http://127.0.0.1:{closed.getsockname()[1]}", monkeypatch)
        with pytest.raises(DataError, match=rf"^OpenML data set 7: It is not in {home}/openml yet.*cannot be reached.*Connect this"):
            load_data(OpenMl(data_id=7))


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(openml, "PATIENCE", 0.1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        point_to(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        with pytest.raises(DataError, match=r"cannot be reached from here \(timed out\)"):
            load_data(OpenMl(data_id=7))
    assert socket.getdefaulttimeout() is None


def test_a_folder_that_cannot_be_written_is_named(served, home):
    home.mkdir()
    (home / "openml").write_text("in the way")
    with pytest.raises(DataError, match=rf"It cannot be kept in {home}/openml: .*Make room, or set TANDEM_HOME"):
        load_data(OpenMl(data_id=7))
