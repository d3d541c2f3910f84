"""The parser of all commands: one-line errors that suggest what was meant, and lists of names that end at a file."""

import argparse
import re
from collections.abc import Sequence
from importlib import import_module
from itertools import takewhile
from typing import Any, NoReturn

from tribe_np import __version__
from tribe_np.errors import ConfigError
from tribe_np.shown import did_you_mean

COMMANDS = {
    "demo": "make tiny random models and a clip, and run the whole pipeline on them",
    "predict": "predict brain activity from a film, a sound or a text",
    "experiment": "predict a design: pictures, sounds, films and words at their onsets, in runs",
    "events": "write a stimulus as a table of events: sound, film, words in context",
    "features": "write the features of a stimulus at 2 Hz, one file per modality",
    "plot": "draw predictions on the cortex: figures for papers, as PNG, SVG or PDF",
    "film": "make a film of a prediction: the stimulus with its sound beside the cortex, MP4 or GIF",
    "page": "write one HTML file in which the cortex moves while the stimulus plays",
    "roi": "show regions of a prediction: time courses, means, the strongest",
    "contrast": "compare conditions of an experiment: maps, regions and a figure, across stimuli of one model",
    "compare": "compare predictions of different stimuli: levels, courses over time, how alike they are",
    "evaluate": "compare a prediction with measured BOLD: r of every vertex and region, ceilings, nulls",
    "modalities": "show what text, sound and film each contribute to a prediction: maps, regions and a figure",
    "sensitivity": "show what regions listen to: derivatives by modality and lag, of some regions or as a map of all",
    "networks": "find networks: independent components of a prediction, or of a model's last units, beside templates",
    "fit": "fit a new person's head to their BOLD: a checkpoint with one more subject, and held-out scores",
    "batch": "predict many stimuli, on one machine or a cluster: plan, work, watch, try again",
    "oracle": "check another implementation against this one: which stage is wrong, and why",
    "export": "write predictions in files that other tools open: GIFTI, CIFTI, mgh, NIfTI, mz3, stc, HDF5 and more",
    "resample": "put predictions on another mesh",
    "project": "bring measured fMRI onto fsaverage5, cleaned, in scan time or at the rows of a prediction",
    "info": "show what a checkpoint or model folder holds",
    "download": "fetch a brain encoder and its extractors from the hub, or the regions of HCP-MMP1",
    "convert": "turn best.ckpt into safetensors, without PyTorch",
    "completion": "print a script that completes this command in a shell",
    "help": "show the options of a command",
}


class UsageError(ConfigError):
    """A command line that cannot be understood."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Argparse's, but the command itself, which knows its own options, refuses what it does not know.

        An unknown option comes before a missing one: it is often the same one, mistyped.
        """
        own = _options_among(args or ()) if self._subparsers is None else _options_before_a_command(args or ())
        mistyped = [word for word in own if not self._knows(word)]
        if mistyped:
            self.error(f"unrecognized arguments: {mistyped[0]}")
        parsed, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return parsed, unknown

    def error(self, message: str) -> NoReturn:
        """Raises UsageError with the message, the nearest option or command, and where to read on."""
        raise UsageError(f"{message}{self._suggestion(message)} (see {self.prog} --help)")

    def _knows(self, option: str) -> bool:
        return any(known.startswith(option) for known in self._option_string_actions)

    def _suggestion(self, message: str) -> str:
        unknown = re.match(r"unrecognized arguments: (--?\w[\w-]*)", message)
        if unknown:
            known = [option for action in self._actions for option in action.option_strings]
            return did_you_mean(unknown[1], known)
        choice = re.match(r"argument .*: invalid choice: '([^']*)'", message)
        if choice:
            return did_you_mean(choice[1], [c for a in self._actions for c in a.choices or () if isinstance(c, str)])
        return ""


def _options_among(arguments: Sequence[str]) -> list[str]:
    """The words that start with two dashes, without their values, up to a bare "--"."""
    words = [word.partition("=")[0] for word in arguments]
    return [word for word in words[: words.index("--") if "--" in words else None] if word.startswith("--")]


def _options_before_a_command(arguments: Sequence[str]) -> list[str]:
    return _options_among(list(takewhile(lambda word: word.startswith("-"), arguments)))


def build_parser() -> Parser:
    """The parser of all commands; each subcommand's module adds its own arguments."""
    parser = Parser(
        prog="tribe-np",
        description="TRIBE v2 in NumPy: film, sound or text in, predicted activity of the fsaverage5 cortex out.",
    )
    parser.set_defaults(json=False, quiet=False, threads=None)  # of commands without these options
    parser.add_argument("--version", action="version", version=f"tribe-np {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, help_text in COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        import_module(f"tribe_np.cli.{name}").add_arguments(command)
    return parser


def command_parser(name: str) -> Parser:
    """The parser of one command.

    Raises   UsageError for an unknown command
    """
    parser = build_parser()
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    if name not in commands.choices:
        parser.error(f"argument COMMAND: invalid choice: {name!r} (choose from {', '.join(COMMANDS)})")
    found: Parser = commands.choices[name]
    return found


WITH_NAMES = ("--roi", "--only")


def with_names_apart(arguments: Sequence[str]) -> list[str]:
    """The same arguments with one name after every --roi and --only, so that none of them is taken for a stimulus.

    Names follow up to the next option or to what looks like a file: no area of HCP-MMP1 has a dot or a slash, and no
    modality.

    >>> with_names_apart(["predict", "--roi", "V1", "MT", "clip.mp4"])
    ['predict', '--roi', 'V1', '--roi', 'MT', 'clip.mp4']
    """
    apart: list[str] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-") or "." in argument or "/" in argument:
            option = argument if argument in WITH_NAMES else ""
        elif option and apart[-1] != option:
            apart.append(option)
        apart.append(argument)
    return apart


def with_hemispheres_apart(arguments: Sequence[str]) -> list[str]:
    """The same arguments with --parcellation before each of two files that follow it, so that PRED may come after.

    Files that end in .annot or .gii are no stimulus and no prediction; two tables must be called as a left and a right.

    >>> with_hemispheres_apart(["roi", "--parcellation", "lh.a.annot", "rh.a.annot", "predictions"])
    ['roi', '--parcellation', 'lh.a.annot', '--parcellation', 'rh.a.annot', 'predictions']
    """
    apart: list[str] = []
    for argument in arguments:
        if apart[-2:-1] == ["--parcellation"] and _are_hemispheres(apart[-1], argument):
            apart.append("--parcellation")
        apart.append(argument)
    return apart


def _are_hemispheres(one: str, other: str) -> bool:
    if all(name.lower().endswith((".annot", ".gii")) for name in (one, other)):
        return True
    if not all(name.lower().endswith((".csv", ".tsv")) for name in (one, other)):
        return False
    from tribe_np.cortex.hemisphere_marks import marked  # here: --help does without

    (side, called), (other_side, other_called) = (marked(name.rpartition("/")[2]) for name in (one, other))
    return called == other_called and {side, other_side} == {"left", "right"}


def region_names(text: str) -> list[str]:
    """Names of regions between commas, for argparse.

    >>> region_names("V1,MT")
    ['V1', 'MT']
    """
    return names_between_commas(text, "a region such as V1")


def modality_names(text: str) -> list[str]:
    """Names of modalities between commas, for argparse; whether there is such a modality is found out later."""
    return names_between_commas(text, "a modality such as video")


def names_between_commas(text: str, what: str) -> list[str]:
    """Names without the space around them, for argparse; `what` says what must be named, at least once."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"must name {what}")
    return names
