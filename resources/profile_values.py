"""What no value of a profile may be, whichever section it stands in."""

from collections.abc import Iterator, Mapping
from math import isfinite

from resources.pasted_keys import holds_a_key, names_a_secret, variable_problem, without_keys

LARGEST_INT = 2**63 - 1
"""TOML's own bound: https://toml.io/en/v1.0.0#integer."""
_SECRET = (
    "it holds a key, a token or a password (it is not shown). A profile must not: it is copied "
    "into recipes and reports. Put the key into an environment variable, and name that by key_env"
)


def value_problem(values: Mapping[str, object]) -> str:
    """The first value that no setting may have, with where it stands; empty where there is none.

    These are keys and passwords, which a profile must not hold; numbers that are not finite, which
    no comparison means anything to; and integers that no machine word holds.
    """
    return next(_problems(values, "", is_secret=False), "")


def not_finite(value: object) -> bool:
    """Whether it is, or holds, a number that is not finite."""
    if isinstance(value, list | tuple):
        return any(map(not_finite, value))
    if isinstance(value, Mapping):
        return any(map(not_finite, value.values()))
    return isinstance(value, float) and not isfinite(value)


def _problems(value: object, where: str, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            place = without_keys(f"{where}.{key}" if where else str(key))
            if key == "key_env":
                if problem := variable_problem(inner):
                    yield f"{place}: {problem}"
            else:
                # Below these stand names of the user's choice, not of settings.
                told = where not in ("chats", "roles", "judges", "editors") and names_a_secret(key)
                yield from _problems(inner, place, is_secret=is_secret or told)
    elif isinstance(value, list | tuple):
        for at, inner in enumerate(value):
            yield from _problems(inner, f"{where}.{at}", is_secret=is_secret)
    elif problem := _problem(value, is_secret=is_secret):
        yield f"{where}: {problem}"


def _problem(value: object, *, is_secret: bool) -> str:
    if isinstance(value, str):
        return _SECRET if value and (is_secret or holds_a_key(value)) else ""
    if isinstance(value, bool):
        return ""
    if isinstance(value, float) and not_finite(value):
        return f"{value} is no number that a value can be compared with; give a finite one"
    if isinstance(value, int) and abs(value) > LARGEST_INT:
        return f"an integer beyond {LARGEST_INT} either way; give one that fits 64 bits"
    return _SECRET if is_secret and isinstance(value, int) else ""
