"""The tribe-np command: parses, composes settings, prints, and turns errors into exit codes.

Exit codes: 0 done; 2 bad usage or bad input (one line on standard error); 130 interrupted, 143 terminated, both after
cleaning up; 1 only for a bug.
Numerical packages are imported by the subcommand that runs, so --help stays fast and --threads comes first.
"""

import atexit
import errno
import json
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

from tribe_np.cli.common import quiet_libraries
from tribe_np.cli.parser import build_parser, with_regions_apart
from tribe_np.errors import ConfigError, TribeError
from tribe_np.shown import shown

BAD_INPUT, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = sys.argv[1:] if arguments is None else [str(argument) for argument in arguments]
    as_json = "--json" in given
    try:
        _check_encoding(given)
        options = build_parser().parse_args(with_regions_apart(given))
        options.command_line = shlex.join(given)
        if getattr(options, "quiet", False):
            quiet_libraries()
        code: int = import_module(f"tribe_np.cli.{options.command}").execute(options)
        return code
    except TribeError as error:
        return _fail(str(error), as_json, type(error).__name__)
    except KeyboardInterrupt:
        print("tribe-np: interrupted", file=sys.stderr)
        if as_json:
            _print_failure("interrupted", "KeyboardInterrupt", INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail(
            "not enough memory; try fewer --threads, a shorter stimulus or a larger machine", as_json, "MemoryError"
        )
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(f"the disk is full while writing {error.filename or 'a file'}", as_json, "OSError")
        if error.filename is None:
            raise  # no file of the user's: a bug
        return _fail(f"{error.filename}: cannot be read or written: {error.strerror}", as_json, "OSError")


def _check_encoding(arguments: Sequence[str]) -> None:
    """Refuses an argument that no table or record could hold.

    Raises   ConfigError
    """
    for argument in arguments:
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ConfigError(
                f"argument {argument!r} is not valid UTF-8; rename the file, or set LANG=C.UTF-8"
            ) from error


def _fail(message: str, as_json: bool, kind: str) -> int:
    line = shown(message)
    print(f"tribe-np: error: {line}", file=sys.stderr)
    if as_json:
        _print_failure(line, kind, BAD_INPUT)
    return BAD_INPUT


def _print_failure(message: str, kind: str, code: int) -> None:
    """What a program that asked for JSON gets instead of a result, on standard output."""
    print(json.dumps({"error": {"message": message, "kind": kind, "exit_code": code}}))


def run() -> NoReturn:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _terminated)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file name that the terminal's encoding lacks
    if not sys.warnoptions:  # where values overflow, an error names the layer; NumPy's own lines say less
        warnings.filterwarnings("ignore", "(overflow|invalid value|divide by zero) encountered", RuntimeWarning)
    try:
        code = main()
    except SystemExit as done:  # --help, a usage error, SIGTERM
        code = done.code if isinstance(done.code, int) else 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the work is done or undone: nothing is left to stop
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    # CPython remembers an interrupt that fell into an import, and would end by signal although it was handled
    atexit._run_exitfuncs()
    os._exit(code)


def _terminated(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)  # unwinds, so that partial files and child processes go
