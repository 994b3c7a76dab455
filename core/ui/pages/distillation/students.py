"""The roles of variants: who teaches whom, and which untaught student is the counterpart of each taught one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pandas import DataFrame

from core.analysis import compression as analysis
from core.comparison import Comparison
from core.ui.results.live import Results

TEACHER, ALONE, TAUGHT = "teacher", "student alone", "taught"


def roles(comparison: Comparison) -> dict[str, str]:
    """The role of each variant: teacher, student alone, or taught."""
    teachers = {teacher.key for _, run in comparison.members for teacher in run.teachers}
    own = {name for name, run in comparison.members if run.key in teachers}
    return {
        name: TAUGHT if role == "treated" else TEACHER if name in own else ALONE for name, role in comparison.roles("distillation").items()
    }


def teachers_of(comparison: Comparison) -> dict[str, str]:
    """Taught variant -> the variant that is its (first) teacher, if the comparison has it."""
    by_key = {run.key: name for name, run in comparison.members}
    found = {name: by_key.get(run.teachers[0].key) for name, run in comparison.settings.items() if run.teachers}
    return {name: teacher for name, teacher in found.items() if teacher is not None}


def points_of(results: Results, metric: str) -> DataFrame:
    """One row for each variant: name, variant (its family), role, labelled, temperature, weight, mean, low, high, n, diverged, counterpart
    (the same student untaught), panel (the family of the untaught student), difference to the counterpart and its interval.
    """
    comparison, role = results.comparison, roles(results.comparison)
    against, families = comparison.counterparts("distillation"), families_of(comparison)
    table = analysis.outcomes(results.as_compared(results.history), results.runs, metric, against).rename(columns={"variant": "name"})
    settings = [comparison.settings[name] for name in table["name"]]
    return table.assign(
        role=table["name"].map(role),
        variant=table["name"].map(families),
        panel=[families[against.get(name, name)] for name in table["name"]],
        labelled=[run.training.labelled for run in settings],
        temperature=[getattr(run.distillation, "temperature", np.nan) for run in settings],
        weight=[getattr(run.distillation, "weight", np.nan) for run in settings],
    )


def families_of(comparison: Comparison) -> dict[str, str]:
    """Variant -> its family, which differs only in the share of labels. A teacher's family is "teacher", an untaught student's "student
    alone".
    """
    families, role = comparison.families("training.labelled", nameless="labelled"), roles(comparison)
    for told in (TEACHER, ALONE):
        own = {families[name] for name in families if role[name] == told}
        families |= {name: told for name in families if role[name] == told and len(own) == 1}
    return families


def families_in_order(results: Results) -> list[str]:
    """The families that are drawn as lines, with the untaught students first."""
    families, role = families_of(results.comparison), roles(results.comparison)
    students = sorted((name for name in families if role[name] != TEACHER), key=lambda name: role[name] != ALONE)
    return list(dict.fromkeys(families[name] for name in students))


def in_panels(points: DataFrame, teachers: Mapping[str, str]) -> DataFrame:
    """The teachers' points, one row for each panel whose students a teacher teaches; a teacher without students has its own panel."""
    pupils = points.assign(teacher=points["name"].map(teachers))[["teacher", "panel"]].dropna().drop_duplicates()
    own = points[points["role"] == TEACHER].rename(columns={"panel": "alone"})
    found = own.merge(pupils, left_on="name", right_on="teacher", how="left")
    return found.assign(panel=found["panel"].fillna(found["alone"])).drop(columns=["alone", "teacher"])
