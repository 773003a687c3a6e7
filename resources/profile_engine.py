"""The section [engine] of a profile: how stages are run, here or on a Ray cluster.

[engine]
kind = "ray"
address = "auto"          # or "10.0.0.4:6379"; empty: Ray is started on this machine

[engine.actors.painter]   # by role, or by asset
max = 16
num_gpus = 1

[engine.actors.judge]     # asks an endpoint: many requests, no GPU
max = 2
num_gpus = 0
lanes = 16
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_MOST_WORKERS = 256


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Actors(_Section):
    """The Ray actors of one role: how many, and what each needs."""

    min: int = Field(1, ge=0, le=100_000, description="kept warm from one partition to the next")
    max: int = Field(
        0, ge=0, le=100_000, description="at most; 0 for what the cluster has room for"
    )
    num_cpus: float = Field(1, gt=0, le=10_000, description="cores of each")
    num_gpus: float | None = Field(
        None,
        ge=0,
        le=64,
        description="GPUs of each, a fraction to share one; by default 1 where the role loads a "
        "model onto a device and the cluster has a GPU",
    )
    lanes: int = Field(
        0, ge=0, le=_MOST_WORKERS, description="batches computed at once in each; 0 for [engine]'s"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max and self.min > self.max:
            msg = f"min is {self.min} and max {self.max}: give a max of at least {self.min}, or 0"
            raise ValueError(msg)
        if self.num_gpus and self.num_gpus > 1 and self.num_gpus % 1:
            msg = f"num_gpus is {self.num_gpus:g}: Ray gives whole GPUs, or a fraction of one"
            raise ValueError(msg)
        return self


class Engine(_Section):
    """How stages are run."""

    kind: Literal["local", "ray"] = "local"
    address: str = Field(
        "", description="of the Ray cluster: host:port or `auto`; empty starts Ray on this machine"
    )
    actors: dict[str, Actors] = Field(
        default_factory=dict, description="what the cluster gives each role, by its name"
    )
    lanes: int = Field(
        2, ge=1, le=_MOST_WORKERS, description="batches computed at once, on each device"
    )
    devices: int = Field(
        0, ge=0, le=_MOST_WORKERS, description="GPUs that a run takes; 0 for all that are free"
    )
    memory_gb: float = Field(
        0,
        ge=0,
        le=100_000,
        description="memory for models on each device; 0 for nine tenths of what it has",
    )
    cores: float = Field(
        0, ge=0, le=10_000, description="cores that a run computes on; 0 for the machine's"
    )
    readers: int = Field(2, ge=1, le=_MOST_WORKERS, description="threads that decode")
    writers: int = Field(2, ge=1, le=_MOST_WORKERS, description="threads that encode")
    max_megapixels: int = Field(
        0,
        ge=0,
        le=10**6,
        description="megapixels in work at once; 0 for what half the memory holds",
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.address.startswith("ray://"):
            msg = (
                f"address is {self.address!r}, that of a Ray client, which streams nothing back: "
                "run on a node of the cluster (`ray start --address=HOST:6379 --num-cpus=0` makes "
                'this machine one) and give "auto"'
            )
            raise ValueError(msg)
        return self
