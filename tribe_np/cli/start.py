"""Entry point of the tribe-np command: signals are watched before anything else, even `typing`, is imported.

An interrupt while Python itself starts (its first 20 ms) is reported by Python.
"""

import sys

from tribe_np.cli.stops import STOPS


def run() -> None:
    """Runs the command and exits."""
    STOPS.watch()
    try:
        from tribe_np.cli.streams import prepare_streams

        prepare_streams()
        from tribe_np.cli.main import finish

        code = finish()
    except KeyboardInterrupt:
        print(f"tribe-np: {STOPS.word}", file=sys.stderr)
        code = STOPS.code
    STOPS.end(code)
    sys.exit(code)
