"""What `Retry-After` says, in all its forms and none."""

import time
from email.utils import formatdate

import pytest

from resources.retrying import retry_after_s


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "2"}, 2),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "inf"}, 0),
        ({"retry-after": "tomorrow"}, 0),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, 0),
        ({"retry-after": formatdate(0, usegmt=True)}, 0),
    ],
)
def test_seconds(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_is_counted_from_now() -> None:
    asked = formatdate(time.time() + 60, usegmt=True)
    assert 55 < retry_after_s({"retry-after": asked}) <= 60
