"""The arithmetic of a plan: what a target takes, if all goes on as it was measured."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, hypot

import numpy as np
from numpy.typing import NDArray

from imgedit_assets.planning.measured import Measured, Step
from imgedit_assets.planning.schedule import Schedule, lasting, schedule
from models.faults import ImgEditError

DRAWS = 1000
"""Of sources with replacement, for the intervals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is wanted, and what there is to make it with."""

    pairs: int
    """Accepted pairs."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """Wanted share of each edit type; empty takes them as they come."""
    gpus: int | None = None
    """None for the machine that was measured, as it went on there."""
    cores: int = 1
    """Beside the GPUs."""
    shard_size: int
    """Sources of a shard."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of a unit on one GPU, by role: in place of what was measured."""
    usd: Mapping[str, float] = field(default_factory=dict)
    """Billed for a unit, by role: in place of what was measured."""
    usd_per_gpu_hour: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """The same of so much more."""
        return Range(value=self.value * factor, low=self.low * factor, high=self.high * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleLoad:
    """What one role has to do."""

    role: str
    on_gpu: bool
    units: float
    hours: Range
    """Of one device, or of one core."""
    usd: float
    devices: int
    """That it should have to itself; 0 where it takes turns with others."""
    saved_frac: float
    """Share of the wall time that one more device for it would save."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a target takes."""

    images: Range
    clips: Range
    shards: int
    partitions: int
    roles: tuple[RoleLoad, ...]
    """The largest first."""
    wall_hours: Range
    """Until the pairs are there."""
    release_hours: Range | None
    """To write and prove their release, by one machine like this; None where none was measured."""
    bottleneck: str
    usd: Range
    """Billed by services, and by the hour for GPUs where a price is given."""
    disk_bytes: Range
    """Of sources and patches."""
    short: tuple[str, ...]
    """Edit types that are wanted and of which no pair was accepted so far: they are not in it."""


def estimate(measured: Measured, target: Target) -> Estimate:
    """What a target takes.

    Everything grows with the sources, but for what each shard, each partition and each process
    takes of its own. The intervals come from drawing the measured sources anew (bootstrap, `DRAWS`
    times) and from how much the units of a role differ.

    Raises:
        ImgEditError: None of what is wanted was ever accepted.
    """
    growth = _growth(measured, target)
    shards = ceil((measured.images + measured.clips) * growth.value / target.shard_size)
    load = _Load(measured=measured, target=target, shards=shards)
    ends = [
        load.hours(grown, side)
        for grown, side in ((growth.value, 0), (growth.low, -1), (growth.high, 1))
    ]
    scheduled = [load.scheduled(end) for end in ends]
    billed = [sum(load.usd(end.growth).values()) for end in ends]
    on_gpu = [sum(end.on_gpu.values()) * target.usd_per_gpu_hour for end in ends]
    return Estimate(
        images=growth.times(measured.images),
        clips=growth.times(measured.clips),
        shards=shards,
        partitions=load.partitions,
        roles=_roles(load, ends, scheduled[0]),
        wall_hours=_range([found.hours for found in scheduled]),
        release_hours=_release_hours(measured, target),
        bottleneck=scheduled[0].bottleneck,
        usd=_range([sum(both) for both in zip(billed, on_gpu, strict=True)]),
        disk_bytes=growth.times(measured.source_bytes + measured.patch_bytes),
        short=tuple(name for name in target.shares if not _accepted(measured, name)),
    )


def affordable(measured: Measured, target: Target, budget_usd: float) -> int:
    """How many accepted pairs a budget pays for.

    Raises:
        ImgEditError: Nothing costs anything, so that no budget bounds it.
    """
    per_pair = estimate(measured, target).usd.value / target.pairs
    if not per_pair:
        msg = (
            "nothing that was measured is billed: name prices, with --usd judge=0.002 for a unit "
            "or --usd-per-gpu-hour 2.5"
        )
        raise ImgEditError(msg)
    return int(budget_usd / per_pair)


def _release_hours(measured: Measured, target: Target) -> Range | None:
    if measured.release is None:
        return None
    hours = measured.release.seconds / measured.release.pairs * target.pairs / 3600
    return Range(value=hours, low=hours, high=hours)


def _range(ends: Sequence[float]) -> Range:
    """Of a figure as measured and at both ends."""
    return Range(value=ends[0], low=min(ends), high=max(ends))


def _accepted(measured: Measured, edit_type: str) -> int:
    counts = measured.accepted.get(edit_type)
    return 0 if counts is None else int(counts.sum())


def _growth(measured: Measured, target: Target) -> Range:
    """How many times the measured sources are needed."""
    shares = {name: share for name, share in target.shares.items() if _accepted(measured, name)}
    if target.shares and not shares:
        msg = f"no pair of {', '.join(target.shares)} was accepted so far: make some first"
        raise ImgEditError(msg)
    rows = [measured.accepted[name] for name in shares or measured.accepted]
    table = np.array(rows if shares else [np.sum(rows, axis=0)], np.float64)
    goal = np.array([*shares.values()] or [1.0], np.float64)
    goal *= target.pairs / goal.sum()
    value = float((goal / table.sum(1)).max())
    low, high = np.quantile(_redrawn(table, goal), [0.025, 0.975])
    return Range(value=value, low=min(value, float(low)), high=max(value, float(high)))


def _redrawn(counts: NDArray[np.float64], goal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The growth that other draws of as many sources would have told."""
    n = counts.shape[1]
    weights = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    # A draw without any pair of a type tells no end; half a pair bounds it.
    grown: NDArray[np.float64] = (goal[:, None] / np.maximum(counts @ weights.T, 0.5)).max(0)
    return grown


def _of_a_shard(measured: Measured) -> int:
    """Partitions of a shard."""
    places = {(step.asset, step.edit_type) for step in measured.steps}
    typed = {asset for asset, edit_type in places if edit_type}
    types = {edit_type for _, edit_type in places if edit_type}
    return len({asset for asset, _ in places} - typed) + len(typed) * len(types)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hours:
    """What is to be done, at one end of the intervals or between them."""

    growth: float
    on_gpu: Mapping[str, float]
    """Of one device, by role."""
    by_code: Mapping[str, float]
    """Of one core, by role."""
    beside: float
    """Reading, writing and commits, and what partitions and processes take of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """Work that was measured, to be done for a target."""

    measured: Measured
    target: Target
    shards: int

    @property
    def partitions(self) -> int:
        """Of all shards."""
        return self.shards * _of_a_shard(self.measured)

    def units(self, growth: float) -> dict[str, float]:
        """To be done, by role."""
        return self._summed(growth, lambda step: float(step.units))

    def usd(self, growth: float) -> dict[str, float]:
        """What the units of each role are billed."""
        given = self.target.usd
        return self._summed(
            growth, lambda s: s.usd if s.role not in given else given[s.role] * s.units
        )

    def _summed(self, growth: float, of: Callable[[Step], float]) -> dict[str, float]:
        """By role, of all steps, each as much as it grows."""
        found: dict[str, float] = {}
        for step in self.measured.steps:
            found[step.role] = found.get(step.role, 0.0) + of(step) * self._grown(step, growth)
        return found

    def _grown(self, step: Step, growth: float) -> float:
        # Of pairs that were all imported there is no shard.
        return self.shards / max(1, self.measured.shards) if step.by_shard else growth

    def hours(self, growth: float, side: int) -> _Hours:
        """So many times what was measured; with the seconds at an end of their interval (-1, 1)."""
        modelled = {step.role for step in self.measured.steps if step.on_gpu} | {
            *self.target.seconds
        }
        found = {
            role: max(0.0, seconds + side * 1.96 * error) / 3600
            for role, (seconds, error) in self._seconds(growth).items()
        }
        over = self.measured.overhead
        each = self._summed(growth, lambda step: step.units * over.unit_s.get(step.asset, 0.0))
        beside = sum(each.values()) + over.start_s + self.partitions * over.partition_s
        return _Hours(
            growth=growth,
            on_gpu={role: of for role, of in found.items() if role in modelled and of},
            by_code={role: of for role, of in found.items() if role not in modelled},
            beside=beside / 3600,
        )

    def _seconds(self, growth: float) -> dict[str, tuple[float, float]]:
        """Compute of each role, and its standard error."""
        found: dict[str, tuple[float, float]] = {}
        for step in self.measured.steps:
            (seconds, error), grown = found.get(step.role, (0.0, 0.0)), self._grown(step, growth)
            if (each := self.target.seconds.get(step.role)) is not None:
                found[step.role] = seconds + each * step.units * grown, 0.0
            else:
                error = hypot(error, step.seconds_error * grown)
                found[step.role] = seconds + step.seconds * grown, error
        return found

    def scheduled(self, hours: _Hours, more: str = "") -> Schedule:
        """How long it takes, and where; with one device more for a role, where one is named."""
        target, cpu = self.target, sum(hours.by_code.values()) + hours.beside
        if target.gpus is None:
            return self._in_turn(hours)
        found = schedule(hours.on_gpu, cpu, gpus=target.gpus, cores=target.cores)
        if not more:
            return found
        devices = dict(found.devices)
        if more in devices:
            devices[more] += 1
        return lasting(hours.on_gpu, cpu, devices, gpus=target.gpus + 1, cores=target.cores)

    def _in_turn(self, hours: _Hours) -> Schedule:
        """As it went on the machine that was measured: partitions as much at once as there."""
        roles = {**hours.on_gpu, **hours.by_code}
        busy = sum(roles.values()) / self.measured.lanes
        slowest = max(roles, key=lambda role: roles[role])
        passed = (busy + hours.beside) * self.measured.overhead.passed_frac
        return Schedule(devices={}, hours=passed, bottleneck=slowest)


def _roles(load: _Load, ends: Sequence[_Hours], found: Schedule) -> tuple[RoleLoad, ...]:
    growth = ends[0].growth
    usd, made = load.usd(growth), []
    for role, units in load.units(growth).items():
        on_gpu = role in ends[0].on_gpu
        saved = load.scheduled(ends[0], more=role).hours if on_gpu else found.hours
        made.append(
            RoleLoad(
                role=role,
                on_gpu=on_gpu,
                units=units,
                hours=_range([{**e.on_gpu, **e.by_code}.get(role, 0.0) for e in ends]),
                usd=usd[role],
                devices=found.devices.get(role, 0),
                saved_frac=1 - saved / found.hours if found.hours else 0.0,
            )
        )
    return tuple(sorted(made, key=lambda each: -each.hours.value))
