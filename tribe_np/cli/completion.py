"""tribe-np completion: a script that completes commands, options and file names in a shell."""

import argparse
from collections.abc import Iterator

from tribe_np.cli import common
from tribe_np.optional import require

SHELLS = ("bash", "zsh", "tcsh")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np completion`."""
    parser.add_argument(
        "shell", choices=SHELLS,
        help="bash: tribe-np completion bash >> ~/.bash_completion; zsh: the file _tribe-np in a folder of $fpath",
    )  # fmt: skip


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.cli.parser import build_parser

    shtab = require("shtab", extra="completion", why="shell completion")
    parser = build_parser()
    for action in _actions(parser):
        if action.type is common.path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's own convention
    print(shtab.complete(parser, shell=options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every option of every command."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
