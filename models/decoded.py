"""Pictures that are looked at again and again, decoded once."""

from models.geometry import Rgb
from models.images import decode
from models.recent import Recent


class Decoded:
    """The pixels of pictures by their bytes: of those asked for last, up to so much in all.

    Each edit type paints on the same roots, and decoding one takes thirty times a copy.
    """

    def __init__(self, max_bytes: int) -> None:
        self._held = Recent[Rgb](max_bytes=max_bytes, n_bytes=lambda rgb: rgb.nbytes)

    def pixels(self, data: bytes) -> Rgb:
        """What `models.images.decode` gives; not to be written to.

        Raises:
            FaultError: The picture does not decode.
        """
        return self._held.of(data, lambda: _read_only(data))


def _read_only(data: bytes) -> Rgb:
    rgb = decode(data)
    rgb.flags.writeable = False
    return rgb


PICTURES = Decoded(max_bytes=120_000_000)
"""A shard of twenty studio scenes."""
