"""How work of several roles is shared among devices, and what it then waits for."""

from collections.abc import Mapping
from dataclasses import dataclass

CPU = "code on the CPU"
"""What is waited for where no model is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Devices by role, and the time until the last one is done."""

    devices: Mapping[str, int]
    """Of roles that have some to themselves."""
    hours: float
    bottleneck: str


def schedule(
    gpu_hours: Mapping[str, float], cpu_hours: float, *, gpus: int, cores: int
) -> Schedule:
    """Give devices to the roles that can fill one, and each further one to whom all wait for.

    Shards go through the roles one behind the other, so that all of them work at once. Roles that
    could not fill a device take turns on what is left; where that would be none, all take turns.

    Args:
        gpu_hours: Of one device, by role.
        cpu_hours: Of one core.
        gpus: Devices to share out; at least 1.
        cores: Cores; at least 1.
    """
    fair = sum(gpu_hours.values()) / gpus
    large = {role: hours for role, hours in gpu_hours.items() if hours >= fair > 0}
    small = sum(hours for role, hours in gpu_hours.items() if role not in large)
    left = gpus - (small > 0)
    return lasting(
        gpu_hours, cpu_hours, _shared_out(large, left) if large else {}, gpus=gpus, cores=cores
    )


def _shared_out(hours: Mapping[str, float], gpus: int) -> dict[str, int]:
    """At least one device for each role; none where there are fewer."""
    devices = dict.fromkeys(hours, 1) if len(hours) <= gpus else {}
    for _ in range(gpus - len(hours) if devices else 0):
        devices[max(devices, key=lambda role: hours[role] / devices[role])] += 1
    return devices


def lasting(
    gpu_hours: Mapping[str, float],
    cpu_hours: float,
    devices: Mapping[str, int],
    *,
    gpus: int,
    cores: int,
) -> Schedule:
    """How long it takes with these devices for some roles; the others take turns on the rest."""
    rest = max(1, gpus - sum(devices.values()))
    in_turn = {role: hours for role, hours in gpu_hours.items() if role not in devices}
    ends = {role: gpu_hours[role] / n for role, n in devices.items()}
    if in_turn:
        ends[max(in_turn, key=lambda role: in_turn[role])] = sum(in_turn.values()) / rest
    ends[CPU] = cpu_hours / cores
    slowest = max(ends, key=lambda role: ends[role])
    return Schedule(devices=devices, hours=ends[slowest], bottleneck=slowest)
