"""Entry point of the tribe-np command: signals are watched before anything else is imported."""

import sys
from typing import NoReturn

from tribe_np.cli.stops import STOPS


def run() -> NoReturn:
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
    STOPS.end()
    sys.exit(code)
