"""The installation's configuration: environment variables that begin with TANDEM_, and the limits that they set."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.comparison import Comparison
from core.engine.sizes import parameters
from core.settings import RunSettings, SettingsError, teachers_of

PREFIX = "TANDEM_"
SILENCE_SECONDS = 60.0


class ConfigurationError(ValueError):
    """An environment variable with an invalid value; the message names it."""


class LimitError(ValueError):
    """A request that exceeds a limit of this installation. The message says which limit, and which variable raises it."""

    def __init__(self, limit: str, asked: float, allowed: float) -> None:
        self.limit, self.asked, self.allowed = limit, asked, allowed
        self.variable = f"{PREFIX}{limit.upper()}"
        super().__init__(f"{IN_WORDS[limit]}: {asked:,.0f} asked for, at most {allowed:,.0f} allowed ({self.variable} raises it)")

    def __reduce__(self) -> tuple[type[Self], tuple[str, float, float]]:
        return type(self), (self.limit, self.asked, self.allowed)


class NotAllowedError(SettingsError):
    """Settings that this installation does not accept from the dashboard; the message says which variable allows them."""


IN_WORDS = {
    "max_runs": "runs of a comparison",
    "max_work": "epochs x runs x parameters of a comparison",
    "max_upload_bytes": "bytes of a table",
}


def cores() -> int:
    """Number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _store_in(given: dict[str, Any]) -> str:
    return f"sqlite:///{given.get('home', Path()) / 'tandem.db'}"


class Configuration(BaseSettings):
    """TANDEM_HOME, _STORE, _WORKERS, _WORKER_SILENCE, _CLUSTER, _RECORDED, _ALLOW_CUSTOM, and TANDEM_MAX_RUNS, _WORK, _UPLOAD_BYTES."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid")

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("tandem", appauthor=False), description="The data folder.")
    store: str = Field(default_factory=_store_in, description="URL of the store's database; default: a file in `home`.")
    workers: Annotated[int, Field(ge=1, le=1024)] = Field(
        default_factory=cores, description="Number of segments that are computed at a time."
    )
    worker_silence: Annotated[float, Field(gt=0)] = Field(
        SILENCE_SECONDS, description="Seconds without processor time after which a busy worker's task is given to another worker."
    )
    cluster: str | None = Field(
        None, description="Address of a Dask scheduler that computes in place of local workers, e.g. tcp://10.0.0.1:8786."
    )
    max_runs: Annotated[int, Field(ge=1)] = 2_000
    max_work: Annotated[float, Field(gt=0)] = 1e11
    max_upload_bytes: Annotated[
        int, Field(ge=1, description="Largest table in bytes. Streamlit's server.maxUploadSize must also allow it.")
    ] = 10_000_000
    recorded: bool = Field(True, description="Shows results shipped with Tandem for pages whose own runs are not yet trained here.")
    allow_custom: bool = Field(
        False, description="Lets users of the dashboard run optimizer classes by import path, which executes their code."
    )

    def __init__(self, **given: Any) -> None:
        """The configuration from the environment; given values take precedence. Raises ConfigurationError."""
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            name = PREFIX + str(first["loc"][0]).upper()
            raise ConfigurationError(f"{name}: {first['input']!r}: {first['msg']}") from error

    def environment(self) -> dict[str, str]:
        """The variables that give another process this configuration; so a password in the store's URL appears in no command line."""
        values = {name: getattr(self, name) for name in ("home", "store", "workers", "worker_silence", "cluster")}
        limits = {name: getattr(self, name) for name in IN_WORDS}
        return {PREFIX + name.upper(): str(value) for name, value in (values | limits).items() if value is not None}


def check(comparison: Comparison, configuration: Configuration) -> None:
    """Checks a comparison before the dashboard sends it to the runner.

    Raises NotAllowedError for a comparison that would run a user's code, and the errors of `check_limits`.
    """
    if not configuration.allow_custom and any(run.optimizer.kind == "custom" for run in comparison.runs()):
        raise NotAllowedError("optimizer.kind: custom imports code; TANDEM_ALLOW_CUSTOM=1 allows that in the dashboard")
    check_limits(comparison, configuration)


def check_limits(comparison: Comparison, configuration: Configuration) -> None:
    """Raises LimitError for a comparison that is too large; DataError if a table must be read to tell, but cannot be read."""
    runs = comparison.runs()
    if len(runs) > configuration.max_runs:
        raise LimitError("max_runs", len(runs), configuration.max_runs)
    if (asked := work(runs)) > configuration.max_work:
        raise LimitError("max_work", asked, configuration.max_work)


def work(runs: Sequence[RunSettings]) -> float:
    """Epochs x parameters, summed over the runs and their teachers."""
    return float(sum(run.training.epochs * parameters(run) for run in (*runs, *teachers_of(runs))))
