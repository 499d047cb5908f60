"""What a request needs: the detector, who may use it now, what is counted, and whether the service is about to end."""

import threading
from dataclasses import dataclass, field

from flask import current_app

from backend.paddle_inference import PicoDetector
from backend.process.cores import Cores
from backend.process.staggering import Stagger
from backend.web.admission import Admission
from backend.web.metrics import Metrics


@dataclass
class Service:
    """One a process, shared by all requests.

    Attributes:
        detector: replaced as a whole when the model is reloaded; a request takes it once.
    """

    detector: PicoDetector
    admission: Admission
    cores: Cores
    stagger: Stagger
    metrics: Metrics
    draining: threading.Event = field(default_factory=threading.Event)


def current_service() -> Service:
    """Return the one that create_app set up."""
    found: Service = current_app.extensions["service"]
    return found
