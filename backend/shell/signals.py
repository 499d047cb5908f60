"""Signals that end a command: each as Ctrl-C does, so that nothing half-written stays."""

import signal

ENDING = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP")]  # Windows has fewer


def end_as_interrupted() -> None:
    """Raise KeyboardInterrupt on each of ENDING, but for those that are ignored from the start, as by nohup."""
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
