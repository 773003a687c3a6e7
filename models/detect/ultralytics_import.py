"""Ultralytics, without what it does to the process that imports it."""

import threading
from types import ModuleType

import cv2

ENVIRONMENT = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "ULTRALYTICS_SAFE_LOAD": "true",
}
"""What ultralytics reads when it is first imported, to be set by whoever starts the process: no
look-up of hosts, no installing. `YOLO_CONFIG_DIR` goes with it: the folder of its settings file."""

_lock = threading.Lock()


def ultralytics_tasks() -> ModuleType:
    """`ultralytics.nn.tasks`: its networks and its loader of checkpoints.

    On import ultralytics turns OpenCV's threads off and puts a wrapper round `torch.save`; both are
    put back. Whatever the environment says, it may not install packages or report its use, and it
    builds only layers that it knows, without evaluating text that a checkpoint brings.
    """
    import torch

    with _lock:
        threads, save = cv2.getNumThreads(), torch.save
        from ultralytics import utils
        from ultralytics.nn import tasks
        from ultralytics.utils import checks

        cv2.setNumThreads(threads)
        torch.save = save
        # Past the settings' own setter, which would write the file.
        dict.__setitem__(utils.SETTINGS, "sync", False)
        checks.AUTOINSTALL = False
        tasks.SAFE_LOAD = True
        found: ModuleType = tasks
        return found
