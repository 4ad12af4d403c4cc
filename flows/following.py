"""A process that the service started ends with it, however that ends.

Without Prefect, which takes seconds to import.
"""

import multiprocessing
import os
import signal
import threading
from typing import Any


def follow_service() -> None:
    """Makes this process, if a service started it, end with that.

    It leads a group of its own, so that one signal reaches the processes it starts, and Ctrl-C only the service.
    """
    service = multiprocessing.parent_process()
    if service is not None and os.getpgrp() != os.getpid():
        os.setsid()
        threading.Thread(target=_end_with, args=(service,), daemon=True).start()


def _end_with(service: Any) -> None:
    service.join()
    os.killpg(0, signal.SIGKILL)
