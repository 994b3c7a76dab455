"""Screenshots of every page: wide and narrow, light and dark. Run by `make screenshots`.

python -m scripts.screenshots                       the pictures of the README, into docs/images
python -m scripts.screenshots --all --out /tmp/look  every page in every form, for a visual check
python -m scripts.screenshots --page compare --full  one page, its whole height
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from core.experiments.home import DEFAULT
from core.ui.shell import PAGES
from tests.browser import chromium
from tests.browser.content import open_page, see, settle
from tests.browser.server import ROOT, serve

IMAGES = ROOT / "docs" / "images"
SIZES: dict[str, ViewportSize] = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
Scheme = Literal["light", "dark"]
README = ["home", "compare"]
"""The pages whose pictures are in the README."""
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WORK_TIMEOUT_MS = 120_000


@dataclass(frozen=True)
class Shot:
    """One picture: its page, size and theme."""

    slug: str
    url: str
    size: str
    scheme: Scheme

    @property
    def name(self) -> str:
        """Returns the file's name."""
        return f"{self.slug}-{self.size}-{self.scheme}.png"


def slug_of(path: str) -> str:
    """Returns the last part of a page's address: `home` for dashboard.py, `compare` for pages/compare.py."""
    stem = Path(path).stem
    return "home" if stem in {"", "dashboard"} else stem


def shots(base: str, slugs: Sequence[str], *, every_form: bool) -> Iterator[Shot]:
    """Returns the pictures of these pages; without `every_form`, only wide ones."""
    sizes = list(SIZES) if every_form else ["wide"]
    for slug, size, scheme in product(slugs, sizes, SCHEMES):
        yield Shot(slug, base if slug == "home" else f"{base}/{slug}", size, scheme)


def run_default(browser: Browser, base: str) -> None:
    """Runs the workbench's default comparison, so that there are results to show."""
    page = browser.new_page(viewport=SIZES["wide"])
    open_page(page, f"{base}/compare")
    page.get_by_role("button", name="Run", exact=True).first.click()
    see(page, f"All {len(DEFAULT.runs())} runs stored", timeout_ms=WORK_TIMEOUT_MS)
    page.close()


def take(browser: Browser, shot: Shot, out: Path, *, full_page: bool) -> None:
    """Opens the page in a fresh context, waits until it no longer changes, and writes the picture."""
    context = browser.new_context(viewport=SIZES[shot.size], color_scheme=shot.scheme, device_scale_factor=1)
    page = context.new_page()
    open_page(page, shot.url)
    if full_page:
        unfold(page)
    page.screenshot(path=out / shot.name)
    context.close()
    print(out / shot.name, flush=True)


def unfold(page: Page) -> None:
    """Makes the window as tall as the page's content, which scrolls inside the window and would otherwise be cut off."""
    height = page.evaluate("document.querySelector('[data-testid=\"stMain\"]').scrollHeight")
    width = page.viewport_size["width"] if page.viewport_size else SIZES["wide"]["width"]
    page.set_viewport_size({"width": width, "height": max(int(height), 600)})
    settle(page)


def arguments() -> argparse.Namespace:
    """Returns the arguments of the command line."""
    parser = argparse.ArgumentParser(prog="scripts.screenshots", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--all", action="store_true", help="every page in every form")
    parser.add_argument("--full", action="store_true", help="the whole height of each page, not only the first screen")
    parser.add_argument("--page", action="append", choices=[slug_of(page.path) for page in PAGES], help="only this page; may be repeated")
    parser.add_argument("--no-run", action="store_true", help="leave the store empty instead of running the default comparison first")
    return parser.parse_args()


def main() -> None:
    """Takes the requested pictures."""
    given = arguments()
    path = chromium.find()
    if path is None:
        raise SystemExit("no Chromium or Chrome was found: set CHROMIUM to its path, or install Debian's `chromium`")
    slugs = given.page or (["home", *(slug_of(page.path) for page in PAGES)] if given.all else README)
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        if not given.no_run:
            run_default(browser, server.url)
        for shot in shots(server.url, slugs, every_form=given.all):
            take(browser, shot, given.out, full_page=given.full)
        browser.close()


if __name__ == "__main__":
    main()
