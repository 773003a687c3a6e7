"""Threads of a run share one heap."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

HEAPS = """
import ctypes, sys
from threading import Barrier, Thread
from resources.engine.allocator import limit_heaps
libc, met = ctypes.CDLL(None), Barrier(4)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
if sys.argv[2] == "limited":
    limit_heaps()
def allocate():
    libc.malloc(100_000)
    met.wait()
threads = [Thread(target=allocate) for _ in range(4)]
[t.start() for t in threads], [t.join() for t in threads]
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of glibc")
def test_threads_share_one_heap(tmp_path: Path) -> None:
    heaps = {}
    for how in ("limited", "not"):
        file = tmp_path / how
        subprocess.run([sys.executable, "-c", HEAPS, str(file), how], check=True)
        heaps[how] = file.read_text().count("<heap nr=")
    assert heaps["limited"] == 1 < heaps["not"]
