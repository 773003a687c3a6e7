"""The machine's cores, shared among threads that compute at once."""

import os

from threadpoolctl import threadpool_limits


def share_cores(lanes: int, cores: float = 0) -> None:
    """Give each of so many lanes its part of the cores, where libraries would take them all.

    OpenCV's own threads would make the lanes fight; a thread of BLAS waits by spinning, which is a
    third of what filling a hole costs. It holds for libraries that are loaded by now.

    Args:
        lanes: Threads that compute at once.
        cores: What they may use together; 0 for the machine's.
    """
    import cv2

    cv2.setNumThreads(max(1, int(cores or os.cpu_count() or 1) // max(1, lanes)))
    threadpool_limits(1, "blas")
