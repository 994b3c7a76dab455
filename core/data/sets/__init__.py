"""The data sets on which networks are trained, validated and tested.

Each class has the settings of a data set and makes its examples (`examples`); `core.data.loading.load_data` splits and encodes them.
To add one, add a class in one of the modules of this folder, and its name in the union here.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.choices.base import ByKind
from core.data.sets.base import DataChoice
from core.data.sets.bundled import BreastCancer, Diabetes, Digits, Iris, Wine
from core.data.sets.drawn import Drawn
from core.data.sets.fetched import OpenMl, Table
from core.data.sets.made import Blobs, Circles, Imbalanced, Mnist1d, Moons, Spirals, Xor
from core.data.sets.problems import Adding, Copy, Informative, Zipf

__all__ = [
    "Adding",
    "Blobs",
    "BreastCancer",
    "Circles",
    "Copy",
    "Data",
    "DataChoice",
    "Diabetes",
    "Digits",
    "Drawn",
    "Imbalanced",
    "Informative",
    "Iris",
    "Mnist1d",
    "Moons",
    "OpenMl",
    "Spirals",
    "Table",
    "Wine",
    "Xor",
    "Zipf",
]

Bundled = Digits | BreastCancer | Wine | Iris | Diabetes
Made = Moons | Circles | Spirals | Xor | Blobs | Drawn | Imbalanced | Mnist1d | Zipf | Informative | Adding | Copy

Data = Annotated[Bundled | Made | Table | OpenMl, Field(discriminator="kind"), ByKind]
