"""Two replicas behind a real nginx under load: one is drained, the other killed, both come back; nothing may be lost.

    .venv/bin/python scripts/deploy/lose_a_replica.py [--seconds 20] [--clients 8]

Everything runs on loopback and is ended afterwards. Exit status 1 unless every answer was 200 or 503.
"""

import argparse
import signal
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

if __package__ in (None, ""):  # run as a file: find the repository's packages, not the modules beside this one
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.benchmarking.own_api import ApiFailed, free_port, own_api
from scripts.deploy.own_nginx import NginxFailed, own_nginx
from scripts.development.load_test import Load, load

SETTINGS = {"MAX_CONCURRENCY": 1}  # as in compose.yaml


def main() -> int:
    """Run the scene; return the exit status."""
    parser = argparse.ArgumentParser(description="Drain one of two replicas and kill the other, under load.")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--clients", type=int, default=8)
    args = parser.parse_args()
    try:
        result, events = play(args.seconds, args.clients)
    except (NginxFailed, ApiFailed) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print("\n".join(events))
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(result.statuses.items(), key=str))
    print(f"{args.clients} clients, {args.seconds} s: {answers}; {result.throughput:.1f} photos/s")
    lost = {status: count for status, count in result.statuses.items() if status not in (200, 503)}
    if lost or not result.statuses[200]:
        print(f"lost: {lost or 'everything'}", file=sys.stderr)
        return 1
    return 0


def play(seconds: int, clients: int) -> tuple[Load, list[str]]:
    """Load two replicas; after a quarter of the time drain the first, after three kill the second."""
    events = []
    with ExitStack() as stack:
        first, second = free_port(), free_port()
        _, drained = stack.enter_context(own_api(first, **SETTINGS))
        _, killed = stack.enter_context(own_api(second, **SETTINGS))
        page, api = free_port(), free_port()
        stack.enter_context(own_nginx([first, second], page, api))
        started = time.monotonic()

        def note(what: str) -> None:
            events.append(f"{time.monotonic() - started:5.1f} s  {what}")

        def disturb() -> None:
            time.sleep(seconds / 4)
            drained.send_signal(signal.SIGTERM)
            note("SIGTERM to the first replica")
            drained.wait()
            note(f"it has ended with status {drained.returncode}")
            stack.enter_context(own_api(first, **SETTINGS))
            note("it is ready again")
            time.sleep(max(0.0, started + seconds * 3 / 4 - time.monotonic()))
            killed.kill()
            note("SIGKILL to the second replica")

        thread = threading.Thread(target=disturb)
        thread.start()
        result = load(api, None, clients, seconds)
        thread.join()
    return result, events


if __name__ == "__main__":
    sys.exit(main())
