"""All experiments, found in the files beside this one and in `labs`: a file declares its experiments in `EXPERIMENTS`."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

import core.experiments
from core.experiments import labs
from core.experiments.experiment import Experiment
from core.settings import SettingsError


@cache
def experiments() -> dict[str, Experiment]:
    """Every experiment by its id, in order of the files' names."""
    files = [(module.name, room.__name__) for room in (core.experiments, labs) for module in pkgutil.iter_modules(room.__path__)]
    modules = [import_module(f"{room}.{name}") for name, room in sorted(files)]
    found = [experiment for module in modules for experiment in getattr(module, "EXPERIMENTS", ())]
    return {experiment.id: experiment for experiment in found}


def chosen(pages: Sequence[str]) -> list[Experiment]:
    """The experiments of these pages, or all if there are none. Raises SettingsError for a page without experiments."""
    known = list(experiments().values())
    offered = list(dict.fromkeys(experiment.page for experiment in known))
    if unknown := [page for page in pages if page not in offered]:
        raise SettingsError(f"{unknown[0]}: no page of that name has experiments; there are: {', '.join(offered)}")
    return [experiment for experiment in known if not pages or experiment.page in pages]
