"""Real data sets that come with scikit-learn: nothing is downloaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from core.data.sets.base import DataChoice

if TYPE_CHECKING:
    from core.data.examples import Examples, Task


class BundledData(DataChoice):
    """A real data set that comes with scikit-learn, under the name in `kind`."""

    rows: ClassVar[int]
    task: ClassVar[Task] = "classification"

    @property
    def size(self) -> int:
        return self.rows

    def examples(self) -> Examples:
        from sklearn import datasets

        from core.data.examples import from_bunch

        return from_bunch(getattr(datasets, f"load_{self.kind}")())


class Digits(BundledData):
    """Handwritten digits: 1,797 pictures of 8 x 8 grey pixels, 10 classes.

    Source: Alpaydin & Kaynak 1998, UCI "Optical Recognition of Handwritten Digits" (its test part), by scikit-learn.
    """

    kind: Literal["digits"] = "digits"

    rows: ClassVar[int] = 1797
    known_classes: ClassVar[int | None] = 10
    example_shape: ClassVar[tuple[int, ...] | None] = (1, 8, 8)
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/80"


class BreastCancer(BundledData):
    """Breast cancer: 569 tumours with 30 measurements of their cells, malignant or benign.

    Source: Street, Wolberg & Mangasarian 1993, UCI "Breast Cancer Wisconsin (Diagnostic)", by scikit-learn.
    """

    kind: Literal["breast_cancer"] = "breast_cancer"

    rows: ClassVar[int] = 569
    known_classes: ClassVar[int | None] = 2
    example_shape: ClassVar[tuple[int, ...] | None] = (30,)
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/17"


class Wine(BundledData):
    """Wine: 178 wines with 13 chemical measurements, from 3 growers.

    Source: Aeberhard & Forina 1991, UCI "Wine", by scikit-learn.
    """

    kind: Literal["wine"] = "wine"

    rows: ClassVar[int] = 178
    known_classes: ClassVar[int | None] = 3
    example_shape: ClassVar[tuple[int, ...] | None] = (13,)
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/109"


class Iris(BundledData):
    """Iris: 150 flowers with 4 lengths and widths, of 3 species.

    Source: Fisher 1936, UCI "Iris", by scikit-learn.
    """

    kind: Literal["iris"] = "iris"

    rows: ClassVar[int] = 150
    known_classes: ClassVar[int | None] = 3
    example_shape: ClassVar[tuple[int, ...] | None] = (4,)
    source: ClassVar[str] = "https://archive.ics.uci.edu/dataset/53"


class Diabetes(BundledData):
    """Diabetes, a regression: 442 patients with 10 measurements; the target is the progress of the disease in a year.

    The data are not scaled in advance: scikit-learn's own scaling is fitted on all patients, including the test part.

    Source: Efron, Hastie, Johnstone & Tibshirani 2004, "Least Angle Regression", by scikit-learn.
    """

    kind: Literal["diabetes"] = "diabetes"

    rows: ClassVar[int] = 442
    task: ClassVar[Task] = "regression"
    example_shape: ClassVar[tuple[int, ...] | None] = (10,)
    source: ClassVar[str] = "https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html"

    def examples(self) -> Examples:
        from sklearn.datasets import load_diabetes

        from core.data.examples import measured

        bunch = load_diabetes(scaled=False)
        return measured(bunch.data, bunch.target, bunch.feature_names)
