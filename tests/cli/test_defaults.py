"""Defaults of the command line: those of the library, which alone states them."""

import argparse
from dataclasses import fields

import pytest

from tribe_np.cli import common
from tribe_np.cli.parser import command_parser
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.runtime import Runtime

COMMANDS = ("predict", "events", "features")
OWN = {field.name: getattr(PipelineConfig(), field.name) for field in fields(PipelineConfig)}


def own_actions(command: str) -> list[argparse.Action]:
    """The options of a command that set one of our own."""
    return [action for action in command_parser(command)._actions if action.dest in OWN]


def given(command: str, *arguments: str) -> dict[str, object]:
    """Our own options, as a command line gives them."""
    return common.pipeline_options(command_parser(command).parse_args(["a.mp4", "--out", "x", *arguments]))


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_given_is_left_to_the_library(command: str) -> None:
    assert given(command) == {}
    assert PipelineConfig.from_dict(given(command)) == PipelineConfig()
    assert len(own_actions(command)) >= 5
    for action in own_actions(command):
        assert action.default is argparse.SUPPRESS, action.dest
        default = str(OWN[action.dest]).lower()
        if default in map(str, action.choices or ()):
            chosen = given(command, action.option_strings[0], default)
            assert PipelineConfig.from_dict(chosen) == PipelineConfig()
            assert "default" in str(action.help)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_choice_is_one_of_the_library(command: str) -> None:
    for action in own_actions(command):
        for choice in map(str, action.choices or ()):
            assert PipelineConfig.from_dict(given(command, action.option_strings[0], choice))


def test_what_is_given_arrives() -> None:
    assert given("events", "--keep-non-speech", "--language", "fr") == {"keep_non_speech": True, "language": "fr"}
    assert given("predict", "--video-final-norm", "false", "--no-memory-check", "--video-stride", "2") == {
        "video_final_norm": False, "memory_check": False, "video_stride": 2
    }  # fmt: skip
    assert given("features", "--compat", "upstream", "--context", "anchored", "--kernels", "numba") == {
        "compat": "upstream", "context": "anchored", "kernels": "numba"
    }  # fmt: skip


def test_device_and_precision_are_those_of_a_runtime() -> None:
    options = command_parser("predict").parse_args(["a.mp4", "--out", "x"])
    assert (options.device, options.precision) == (Runtime.device, Runtime.precision)
