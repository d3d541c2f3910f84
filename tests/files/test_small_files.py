"""Small files are read whole; what is no file, or never ends, is refused before anything waits for it."""

import os
import re
import socket
from pathlib import Path

import pytest

from extractors.common.config import ModelConfig
from extractors.llama.config import LlamaConfig
from extractors.vjepa2.preprocess import VideoProcessor
from tribe_np.errors import CheckpointError, EventsError, TribeError
from tribe_np.files.small_files import read_small_file
from tribe_np.formats.annotation import read_annotation
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import read_header
from tribe_np.formats.torch_zip import open_torch
from tribe_np.formats.weights import read_json
from tribe_np.media.transcripts.timed_words import read_text as read_transcript_text
from tribe_np.timeline.events import Events


def read_a_megabyte(path: Path) -> bytes:
    return read_small_file(path, most=1 << 20)


READERS = (
    read_json,
    read_config_yaml,
    Events.from_tsv,
    read_annotation,
    read_transcript_text,
    read_header,
    open_torch,
    read_a_megabyte,
)


@pytest.fixture(params=["device", "pipe", "socket", "folder", "absent", "link to itself", "NUL", "too long a name"])
def no_file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that is no regular file."""
    path = tmp_path / "config.json"
    monkeypatch.chdir(tmp_path)
    if request.param == "device":
        return Path("/dev/zero")
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        socket.socket(socket.AF_UNIX).bind("config.json")  # relative: such names are short
    elif request.param == "folder":
        path.mkdir()
    elif request.param == "link to itself":
        path.symlink_to(path)
    elif request.param == "NUL":
        return Path("a\0b")
    elif request.param == "too long a name":
        return tmp_path / ("x" * 5000)
    return path


@pytest.mark.parametrize("read", READERS)
def test_what_is_no_file_is_refused(read: object, no_file: Path) -> None:
    with pytest.raises(TribeError) as caught:
        read(no_file)  # type: ignore[operator]
    assert re.search("cannot be read|no such transcript file", str(caught.value))
    assert len(str(caught.value)) <= 1000


def test_the_kind_of_thing_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.json")
    for config in (LlamaConfig, ModelConfig):
        with pytest.raises(CheckpointError, match=r"config\.json: cannot be read: it is a pipe, not a regular file"):
            config.from_folder(tmp_path)
    os.mkfifo(tmp_path / "preprocessor_config.json")
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json"):
        VideoProcessor.from_folder(tmp_path)
    (tmp_path / "config.yaml").symlink_to("/dev/zero")
    with pytest.raises(CheckpointError, match=r"config\.yaml"):
        open_checkpoint(tmp_path)


def test_a_large_file_is_refused_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a hole: a terabyte that takes no room
    for read in (read_json, read_config_yaml):
        with pytest.raises(CheckpointError, match=r"larger than (8 MB|100 kB)"):
            read(path)
    with pytest.raises(EventsError, match="larger than 1 MB"):
        read_small_file(path, most=1 << 20, error=EventsError)
    path.write_bytes(b"12")
    assert read_small_file(path, most=2) == b"12"
