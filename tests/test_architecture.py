"""What the code base promises about itself and import-linter cannot see: pages, sizes, what an import costs, configuration."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config as streamlit_config

from core.charts.parts import palette

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = sorted(folder for folder in (ROOT / "core").iterdir() if (folder / "__init__.py").exists())
PAGES = [ROOT / "dashboard.py", *sorted((ROOT / "pages").glob("*.py"))]
OF_CODE = ("core", "pages", "tests", "benchmarks", "scripts")
SOURCES = [ROOT / "app.py", ROOT / "dashboard.py", *(file for name in OF_CODE for file in sorted((ROOT / name).rglob("*.py")))]
FOLDERS = sorted({file.parent for name in ("core", "tests") for file in (ROOT / name).rglob("*.py")})
TESTS_OF_THE_WHOLE = {"browser", "pages", "fuzz"}

MAX_LINES = 400
MAX_PAGE_LINES = 80
MAX_FILES = 16  # with __init__.py


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def modules_of(*packages: str) -> list[str]:
    """Every module of these packages of core, dotted."""
    files = [file for package in packages for file in (ROOT / "core" / package).rglob("*.py")]
    return sorted(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files)


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names of the modules that a file imports, wherever in it it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def loaded_by(modules: list[str], suspects: set[str]) -> dict[str, list[str]]:
    """The suspects that a fresh process has loaded after importing each module in turn, by the first module that did it."""
    program = (
        "import importlib, json, sys\n"
        "modules, suspects = json.loads(sys.argv[1])\n"
        "found, seen = {}, set()\n"
        "for module in modules:\n"
        "    importlib.import_module(module)\n"
        "    if new := sorted((set(suspects) & set(sys.modules)) - seen):\n"
        "        found[module] = new\n"
        "        seen.update(new)\n"
        "print(json.dumps(found))"
    )
    arguments = [sys.executable, "-W", "ignore", "-c", program, json.dumps([modules, sorted(suspects)])]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_settings_import_no_numerical_library():
    modules = ["core", "core.settings", "core.comparison", "core.experiments.catalogue"]
    assert loaded_by(modules, {"torch", "sklearn", "scipy"}) == {}


def test_the_dashboard_comes_up_without_torch():
    modules = ["core", *modules_of("charts", "analysis", "export", "questions", "ui")]
    assert any(module.startswith("core.ui.") for module in modules)
    assert loaded_by(modules, {"torch", "sklearn"}) == {}


def test_the_head_of_the_home_page_waits_for_no_library_but_streamlit():
    assert loaded_by(["core.ui.pages.home.opening", "core.ui.shell"], {"pandas", "pydantic", "sqlalchemy", "altair"}) == {}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_short_and_begins_with_the_shell(page):
    text = page.read_text()
    lines = len(text.splitlines())
    statements = [node for node in ast.parse(text).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    if ast.get_docstring(ast.parse(text)) is not None:
        statements = statements[1:]
    call = getattr(statements[0], "value", None)
    assert isinstance(call, ast.Call), "the first statement after the imports is no call"
    assert ast.unparse(call.func) in {"shell", "shell.shell"}
    assert lines <= MAX_PAGE_LINES


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_holds_no_state_and_computes_nothing_itself(page):
    tree = ast.parse(page.read_text())
    roots = {module.partition(".")[0] for module in imported(tree)}
    assert not roots & {"torch", "sqlalchemy", "altair", "numpy", "scipy", "sklearn"}
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "session_state"]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize("file", sorted((ROOT / "core" / "ui").rglob("*.py")), ids=name_of)
def test_a_table_on_a_page_says_what_stands_where_there_is_no_value(file):
    """Streamlit writes "None" there by itself."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    given = {call.lineno: {keyword.arg for keyword in call.keywords} for call in calls if call.func.attr == "dataframe"}
    assert [line for line, names in given.items() if not names & {"placeholder", None}] == []


@pytest.mark.parametrize("file", sorted((ROOT / "core" / "ui").rglob("*.py")), ids=name_of)
def test_what_must_be_chosen_is_drawn_where_an_empty_address_is_known(file):
    """Streamlit's own controls give None for an empty text in the URL, though something has to be chosen."""
    called = {node.func.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call) and hasattr(node.func, "attr")}
    assert file.name == "picking.py" or called.isdisjoint({"segmented_control", "select_slider"})


@pytest.mark.parametrize("file", SOURCES, ids=name_of)
def test_a_file_is_small_enough_to_read(file):
    lines = len(file.read_text().splitlines())
    assert lines <= MAX_LINES


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder != ROOT / "core" / "questions"], ids=name_of)
def test_a_folder_is_small_enough_to_look_through(folder):
    """All but the questions, of which there is one a file."""
    assert len(list(folder.glob("*.py"))) <= MAX_FILES


def test_the_picture_of_the_house_has_every_room_and_what_stands_beside_the_rooms():
    """All folders of core but those of single pages, and the modules beside them where a folder has both."""
    picture = (ROOT / "docs" / "architecture.md").read_text().split("```")[1]
    shown = set(re.findall(r"\w+/?", picture))
    rooms = {folder for folder in FOLDERS if folder.is_relative_to(ROOT / "core") and folder.parent != ROOT / "core" / "ui" / "pages"}
    beside = {file.stem for name in ("", "engine", "runs", "ui") for file in (ROOT / "core" / name).glob("*.py")} - {"__init__"}
    assert {f"{room.name}/" for room in rooms} - shown == set()
    assert beside - shown == set()


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_every_package_has_its_tests(package):
    assert list((ROOT / "tests" / package.name).glob("test_*.py")), f"no tests/{package.name}/test_*.py"


def test_the_folders_of_tests_mirror_core():
    folders = {folder.name for folder in (ROOT / "tests").iterdir() if any(folder.glob("test_*.py"))}
    assert folders - TESTS_OF_THE_WHOLE <= {package.name for package in PACKAGES}


PART_OF_PYDANTIC = {"pydantic_core", "annotated_types"}  # pydantic pins the exact ones


def test_everything_imported_is_required():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = {re.split(r"[=<>]", line)[0].lower().replace("_", "-") for line in lines if line[:1].isalpha()}
    providers = importlib.metadata.packages_distributions()
    files = [ROOT / "app.py", ROOT / "dashboard.py", *(ROOT / "core").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    roots = {module.partition(".")[0] for file in files for module in imported(ast.parse(file.read_text()))}
    missing = {
        root
        for root in roots - set(sys.stdlib_module_names) - {"core", "__future__"} - PART_OF_PYDANTIC
        if not required & {provider.lower().replace("_", "-") for provider in providers.get(root, [])}
    }
    assert not missing, f"imported, but not in requirements.txt: {sorted(missing)}"


def config() -> dict:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


def options(table: dict, prefix: str = "") -> Iterator[str]:
    """Dotted names of the options that are set."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from options(value, f"{prefix}{name}.")
        else:
            yield prefix + name


def test_every_option_of_the_configuration_exists():
    known = set(streamlit_config.get_config_options())
    assert {option for option in options(config()) if option not in known} == set()


def test_streamlits_chart_colours_are_the_palettes():
    assert tuple(config()["theme"]["chartCategoricalColors"]) == palette.COLOURS


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance of sRGB)."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_controls_stand_out_from_every_background(theme):
    colours = config()["theme"][theme]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"], colours["sidebar"]["backgroundColor"]):
        assert contrast(colours["textColor"], background) >= 7
        assert contrast(colours["linkColor"], background) >= 4.5
        assert contrast(colours["primaryColor"], background) >= 3
    assert contrast(colours["primaryColor"], "#ffffff") >= 4, "the label of a primary button is white"
