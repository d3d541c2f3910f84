"""Ours beside torch at the released sizes: `python -m tools.bench --peer-python PYTHON` (see --help).

The work is in `tools.bench.main`; this file only makes it startable from anywhere.
"""

import signal
import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: ends the running process, prints the table
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(import_module("tools.bench.main").main())
