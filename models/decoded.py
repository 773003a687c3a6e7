"""Pictures that are looked at again and again, decoded once."""

from collections import OrderedDict
from threading import Lock

from models.geometry import Rgb
from models.images import decode


class Decoded:
    """The pixels of pictures by their bytes: of those asked for last, up to so much in all.

    Each edit type paints on the same roots, and decoding one takes thirty times a copy.
    """

    def __init__(self, max_bytes: int) -> None:
        self._left = self._max_bytes = max_bytes
        self._held: OrderedDict[bytes, Rgb] = OrderedDict()
        self._lock = Lock()

    def pixels(self, data: bytes) -> Rgb:
        """What `models.images.decode` gives; not to be written to.

        Raises:
            FaultError: The picture does not decode.
        """
        with self._lock:
            if data in self._held:
                self._held.move_to_end(data)
                return self._held[data]
        rgb = decode(data)
        rgb.flags.writeable = False
        with self._lock:
            if data not in self._held and rgb.nbytes <= self._max_bytes:
                self._held[data] = rgb
                self._left -= rgb.nbytes
            while self._left < 0:
                self._left += self._held.popitem(last=False)[1].nbytes
        return rgb


PICTURES = Decoded(max_bytes=120_000_000)
"""A shard of twenty studio scenes."""
