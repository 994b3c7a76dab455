"""The pages without a browser: Streamlit's AppTest, on an empty store or on one with a small comparison trained in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from core.comparison import Comparison
from core.runs import child
from core.runs.compare import compare
from core.runs.store import Store
from core.ui.shell import PAGES

ROOT = Path(__file__).resolve().parents[2]
TITLES = {page.path: page.title for page in PAGES}

Open = Callable[..., AppTest]


def small(*rates: float, name: str = "adam", data: str = "moons", epochs: int = 3) -> Comparison:
    """A comparison that trains in a moment: two features, two variants or as many as there are rates, three seeds."""
    base = {"data": {"kind": data}, "model": {"kind": "mlp", "hidden": [8]}, "optimizer": name, "training": {"epochs": epochs}}
    return Comparison.load({"base": base, "vary": {"optimizer.lr": list(rates or (0.001, 0.01))}, "seeds": 3})


@pytest.fixture(autouse=True)
def no_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages start no process that trains."""
    monkeypatch.setattr(child, "ensure_runner", lambda configuration: None)


@pytest.fixture(autouse=True)
def no_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks through the installed packages for Streamlit components each time: that takes as long as a page."""
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", list)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store in which `small()` is trained."""
    file = tmp_path_factory.mktemp("trained") / "tandem.db"
    store = Store(f"sqlite:///{file}")
    compare(small(), store=store, progress=False)
    store.close()
    return file


@pytest.fixture
def store(home: Path) -> Store:
    """This test's store, empty."""
    home.mkdir(parents=True, exist_ok=True)
    return Store(f"sqlite:///{home / 'tandem.db'}")


@pytest.fixture
def filled(home: Path, trained: Path) -> Store:
    """This test's store, with `small()` in it."""
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(trained, home / "tandem.db")
    return Store(f"sqlite:///{home / 'tandem.db'}")


@pytest.fixture
def open_page() -> Open:
    """Opens a page with a query; it must be that page, and nothing may have gone wrong on it, unless `errors` are expected."""

    def opened(path: str, query: dict[str, str | list[str]] | None = None, *, errors: bool = False) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=60)
        app.run()
        app.switch_page(path)
        for name, value in (query or {}).items():
            app.query_params[name] = value
        app.run()
        if not errors:
            assert [title.value for title in app.title] == [TITLES[path]] or path == "pages/question.py"  # its title is the question
            assert_no_error(app)
        return app

    return opened


def assert_no_error(app: AppTest) -> None:
    """Fails with what the page says went wrong."""
    assert not app.exception, [shown.value for shown in app.exception]
    assert not app.error, [shown.value for shown in app.error]


def texts(app: AppTest) -> str:
    """All that the page says in markdown, captions and plain text."""
    return "\n".join(element.value for element in (*app.markdown, *app.caption, *app.text))
