"""A changed model folder taken into use while requests are answered: on SIGHUP, or by ``POST /admin/reload``."""

import logging
import threading

from backend.model.errors import ModelError
from backend.paddle_inference import PicoDetector
from backend.settings import Settings
from backend.web.problems import ApiProblem
from backend.web.service import Service

logger = logging.getLogger("reload")


class Reloader:
    """Loads the settings' model folder anew; requests that have begun end with the detector that they began with.

    Args:
        service: whose detector is replaced, once the new one is warmed up.
        settings: those of the service.
    """

    def __init__(self, service: Service, settings: Settings):
        self.service, self.settings = service, settings
        self.lock = threading.Lock()

    def reload(self) -> PicoDetector:
        """Replace the detector; return the new one.

        Raises:
            ApiProblem: ``reloading``: another one is under way; ``model_refused``: the folder cannot be served, and the
                old model stays.
        """
        if not self.lock.acquire(blocking=False):
            raise ApiProblem("reloading", "The model is being reloaded already; wait for that.", {"Retry-After": "1"})
        self.service.cores.allow_all()  # a provider's own threads would keep to this one's cores
        try:
            detector = PicoDetector.from_settings(self.settings)
        except ModelError as error:
            old = self.service.detector.name
            raise ApiProblem("model_refused", f"{error} The old model, {old}, is still in use.") from None
        finally:
            self.lock.release()
        self.service.metrics.know(detector.labels)
        self.service.detector = detector
        logger.info("model %s, %s", detector.name, detector.checksum)
        return detector

    def on_signal(self) -> None:
        """Reload in a thread of its own; what is wrong with the folder goes into the log."""

        def run() -> None:
            try:
                self.reload()
            except ApiProblem as problem:
                logger.error(problem.detail)
            except Exception as error:  # the service goes on with the old model, whatever it was
                logger.error("the model cannot be reloaded", exc_info=error)

        threading.Thread(target=run, name="reload").start()
