"""The tribe-np command: parses, composes settings, prints, and turns errors into exit codes.

Exit codes: 0 done; 2 bad usage or bad input (one line on standard error); 130 interrupted, 143 terminated, 129 hung up,
all after cleaning up; 1 only for a bug.
Numerical packages are imported by the subcommand that runs, so --help stays fast and --threads comes first.
"""

import argparse
import errno
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from tribe_np import __version__, threads
from tribe_np.cli.stops import STOPS
from tribe_np.cli.streams import drop_output, finish_output
from tribe_np.errors import ConfigError, TribeError

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
        self.exit(2, f"tribe-np: error: {message} (see {self.prog} --help)\n")


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
        chosen = getattr(options, "threads", None) is not None  # then the other variables will be set
        threads.check_variables(os.environ, threads.OTHERS if chosen else threads.VARIABLES + threads.OTHERS)
        code: int = import_module(f"tribe_np.cli.{options.command}").execute(options)
        return code
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        drop_output()
        return 0
    except Exception as error:
        if STOPS.number is not None:  # what a signal led to: a child that received it too, an import that it broke
            return _stopped()
        return _fail(_explained(error))


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
            return f"no folder for temporary files can be written ({error.strerror}); set TMPDIR to one that can"
        case OSError() if error.filename is not None:
            return f"{str(error.filename)[:200]}: cannot be read or written: {error.strerror}"
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


def _fail(message: str) -> int:
    print(f"tribe-np: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


def _stopped() -> int:
    print(f"tribe-np: {STOPS.word}", file=sys.stderr)
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
    return code if failed is None else _fail(str(failed))
