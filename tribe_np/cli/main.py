"""The tribe-np command: parses, composes settings, prints, and turns errors into exit codes.

Exit codes: 0 done; 2 bad usage or bad input (one line on standard error); 3 of `batch`: not all done, of `oracle`: out
of bounds; 130 interrupted, 143 terminated, 129 hung up, all after cleaning up; 1 only for a bug.
Numerical packages are imported by the subcommand that runs, so --help stays fast and --threads comes first.
"""

import errno
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from tribe_np.cli.common import quiet_libraries
from tribe_np.cli.parser import build_parser, with_hemispheres_apart, with_names_apart
from tribe_np.cli.stops import STOPS
from tribe_np.cli.streams import drop_output, finish_output
from tribe_np.errors import ConfigError, OutputError, TribeError
from tribe_np.machine import threads
from tribe_np.shown import shown

BAD_INPUT = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = sys.argv[1:] if arguments is None else [str(argument) for argument in arguments]
    as_json = "--json" in given
    try:
        _check_encoding(given)
        options = build_parser().parse_args(with_hemispheres_apart(with_names_apart(given)))
        as_json = options.json  # argparse takes a beginning of the name too
        options.command_line = shlex.join(given)
        if options.quiet:
            quiet_libraries()
        chosen = options.threads is not None  # then the other variables will be set
        threads.check_variables(os.environ, threads.OTHERS if chosen else threads.VARIABLES + threads.OTHERS)
        code: int = import_module(f"tribe_np.cli.{options.command}").execute(options)
        return code
    except KeyboardInterrupt:
        return _stopped(as_json)
    except BrokenPipeError:
        drop_output()
        return 0
    except Exception as error:
        if STOPS.number is not None:  # what a signal led to: a child that received it too, an import that it broke
            return _stopped(as_json)
        is_told = getattr(error, "has_result", False)  # a second object would spoil the first
        return _fail(_explained(error), as_json and not is_told, type(error).__name__)


def _explained(error: Exception) -> str:
    """The line for an error that a user can cause; any other is a bug, and raised again."""
    match error:
        case TribeError():
            return str(error)
        case MemoryError():
            return "not enough memory; try fewer --threads, a shorter stimulus or a larger machine"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"the disk is full while writing {error.filename or 'a file'}"
        case OSError(filename=None) if "No usable temporary directory" in str(error):
            return f"no folder for temporary files is writable ({error.strerror}); set TMPDIR to one that is"
        case OSError() if error.filename is not None:
            return f"{error.filename}: cannot be read or written: {error.strerror}"
    raise error


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
    import json  # here: --help does without

    with suppress(OutputError):  # standard output itself is what failed
        print(json.dumps({"error": {"message": message, "kind": kind, "exit_code": code}}))


def _stopped(as_json: bool) -> int:
    print(f"tribe-np: {STOPS.word}", file=sys.stderr)
    if as_json:
        _print_failure(STOPS.word, "Stopped", STOPS.code)
    return STOPS.code


def finish() -> int:
    """`main` as a program of its own: its exit code when all output is written."""
    if not sys.warnoptions:  # where values overflow, an error names the layer; NumPy's own lines say less
        warnings.filterwarnings("ignore", "(overflow|invalid value|divide by zero) encountered", RuntimeWarning)
    try:
        code = main()
    except SystemExit as done:  # --help, a usage error
        code = done.code if isinstance(done.code, int) else 0
    failed = finish_output()
    return code if failed is None else _fail(str(failed), False, type(failed).__name__)
