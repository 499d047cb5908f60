"""What a request needs: the detector, who may use it now, and whether the service is about to end."""

import threading
from dataclasses import dataclass, field

from backend.admission import Admission
from backend.paddle_inference import PicoDetector


@dataclass(frozen=True)
class Service:
    """One a process, shared by all requests."""

    detector: PicoDetector
    admission: Admission
    draining: threading.Event = field(default_factory=threading.Event)
