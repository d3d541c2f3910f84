"""The tribe-np command: parses, composes settings, prints, and turns errors into exit codes.

Exit codes: 0 done; 2 bad usage or bad input (one line on standard error); 130 interrupted, 143 terminated, both after
cleaning up; 1 only for a bug.
Numerical packages are imported by the subcommand that runs, so --help stays fast and --threads comes first.
"""

import argparse
import atexit
import errno
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import NoReturn

from tribe_np import __version__
from tribe_np.errors import ConfigError, TribeError
from tribe_np.shown import shown

INTERRUPTED = 130
COMMANDS = {
    "demo": "make tiny random models and a clip, and run the whole pipeline on them",
    "predict": "predict brain activity from a film, a sound or a text",
    "events": "a stimulus as a table of events: sound, film, words in context",
    "features": "a stimulus as features at 2 Hz, one file per modality",
    "info": "what a checkpoint or model folder holds",
    "download": "fetch a brain encoder and its extractors from the hub",
    "convert": "turn best.ckpt into safetensors, without PyTorch",
}


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """One line on standard error, exit code 2."""
        self.exit(2, f"tribe-np: error: {shown(message)} (see {self.prog} --help)\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each subcommand's module adds its own arguments."""
    parser = Parser(
        prog="tribe-np",
        description="TRIBE v2 in NumPy: film, sound or text in, predicted activity of the fsaverage5 cortex out.",
    )
    parser.add_argument("--version", action="version", version=f"tribe-np {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text.capitalize() + ".")
        import_module(f"tribe_np.cli.{name}").add_arguments(command)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = sys.argv[1:] if arguments is None else [str(argument) for argument in arguments]
    try:
        _check_encoding(given)
        options = build_parser().parse_args(given)
        options.command_line = shlex.join(given)
        code: int = import_module(f"tribe_np.cli.{options.command}").execute(options)
        return code
    except TribeError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        print("tribe-np: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except MemoryError:
        return _fail("not enough memory; try fewer --threads, a shorter stimulus or a larger machine")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _fail(f"the disk is full while writing {error.filename or 'a file'}")
        if error.filename is None:
            raise  # no file of the user's: a bug
        return _fail(f"{error.filename}: cannot be read or written: {error.strerror}")


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


def _fail(message: str) -> int:
    print(f"tribe-np: error: {shown(message)}", file=sys.stderr)
    return 2


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
