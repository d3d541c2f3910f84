"""Bad input: one clear line, exit code 2, nothing half-written."""

import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Command, refused
from tribe_np.errors import CheckpointError
from tribe_np.formats.config_yaml import read_config_yaml
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras


@pytest.fixture
def predict(command_here: Command, demo: DemoPaths, tmp_path: Path) -> Command:
    """`tribe-np predict` into tmp_path/out with the demo's models, or those given; checks that nothing is left."""

    def run(stimulus: Path, *arguments: object, models: Path = demo.models) -> str:
        out = tmp_path / "out"
        chosen = ["--checkpoint", models / "encoder", "--models", models]
        line = refused(command_here("predict", stimulus, "--out", out, *chosen, *arguments))
        assert not out.exists()
        assert not [p for p in tmp_path.rglob("*") if ".partial" in p.name]
        return line

    return run  # type: ignore[return-value]


def made(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_files_that_are_no_stimulus(predict: Command, demo: DemoPaths, tmp_path: Path) -> None:
    whole = demo.clip.read_bytes()
    assert "no such file" in predict(tmp_path / "absent.mp4")
    assert "is empty" in predict(made(tmp_path / "empty.mp4", b""))
    assert "must end with one of" in predict(made(tmp_path / "paper.pdf", b"x"))
    for name, content in (
        ("renamed", b"just some text\n" * 50),
        ("cut", whole[: len(whole) // 2]),
        ("stub", whole[:100]),
    ):
        line = predict(made(tmp_path / f"{name}.mp4", content), "--no-speech")
        assert f"{name}.mp4" in line
    assert "not UTF-8" in predict(made(tmp_path / "latin.txt", b"caf\xe9 au lait"))
    assert "blank" in predict(made(tmp_path / "blank.txt", b"  \n"))
    assert "noise.wav" in predict(made(tmp_path / "noise.wav", os.urandom(400)))
    assert "noise.mp3" in predict(made(tmp_path / "noise.mp3", b"\0" * 400))


def test_stimuli_without_length(predict: Command, demo: DemoPaths, tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "zero.wav", np.zeros(0), 16000)
    assert "zero.wav" in predict(tmp_path / "zero.wav", "--no-speech")
    soundfile.write(tmp_path / "short.wav", np.zeros(100), 16000)
    assert "short" in predict(tmp_path / "short.wav", "--no-speech")
    sound_only = tmp_path / "sound_only.mp4"
    run_ffmpeg(
        ["-v", "error", "-i", str(demo.clip), "-vn", "-c:a", "copy", str(sound_only)], path_for_errors=sound_only
    )
    assert "no video" in predict(sound_only, "--no-speech")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"{", "JSON"),
        ("a.json", b'{"words": []}', "segments"),
        ("a.json", b"\xff\xfe\x00", "UTF-8"),
        ("a.xyz", b"words", "xyz"),
        ("a.srt", b"1\n00:00:03,000 --> 00:00:01,000\nback\n", "line 2"),
        ("a.tsv", b"text\tstart\tduration\tsequence_id\tsentence\nlost\tnan\t0.1\t0\ts\n", "lost"),
        ("a.tsv", b"text\tstart\tduration\tsequence_id\tsentence\nearly\t-1\t0.1\t0\ts\n", "early"),
        ("a.tsv", b"text\tstart\tduration\tsequence_id\tsentence\nfar\t3\t900\t0\ts\n", "far"),
    ],
)
def test_transcripts(predict: Command, demo: DemoPaths, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    assert said in predict(demo.clip, "--transcript", made(tmp_path / name, content))


def test_a_missing_transcript(predict: Command, demo: DemoPaths, tmp_path: Path) -> None:
    assert "absent.srt" in predict(demo.clip, "--transcript", tmp_path / "absent.srt")


@pytest.fixture
def models(demo: DemoPaths, tmp_path: Path) -> Path:
    """A copy of the demo's models to damage."""
    return Path(shutil.copytree(demo.models, tmp_path / "models"))


@pytest.mark.parametrize(
    "lacking",
    [
        "encoder/config.yaml", "encoder/build_args.json", "encoder/model.safetensors", "text/tokenizer.json",
        "text/config.json", "audio/model.safetensors", "video/config.json",
    ],
)  # fmt: skip
def test_folders_that_lack_a_file(predict: Command, demo: DemoPaths, models: Path, lacking: str) -> None:
    (models / lacking).unlink()
    line = predict(demo.clip, "--transcript", demo.transcript, models=models)
    assert Path(lacking).name in line


def rewritten(path: Path, change: str) -> None:
    entries, metadata = read_header(path)
    arrays = {name: np.array(entry.read(np.float32)) for name, entry in entries.items()}
    name = next(n for n, a in arrays.items() if a.ndim == 2 and "embed_tokens" not in n)  # only rows in use are read
    if change == "missing":
        del arrays[name]
    elif change == "extra":
        arrays["surplus.weight"] = np.zeros(3, np.float32)
    elif change == "shape":
        arrays[name] = arrays[name][:-1]
    else:
        arrays[name][0, 0] = np.nan
    write_safetensors(path, arrays, metadata=metadata)


@pytest.mark.parametrize("folder", ["encoder", "text", "audio", "video"])
@pytest.mark.parametrize(
    ("change", "said"), [("missing", "missing"), ("extra", "surplus"), ("shape", "shape"), ("nan", "NaN")]
)
def test_weights(predict: Command, demo: DemoPaths, models: Path, folder: str, change: str, said: str) -> None:
    rewritten(models / folder / "model.safetensors", change)
    assert said in predict(demo.clip, "--transcript", demo.transcript, models=models)


@pytest.mark.parametrize(
    ("folder", "weight", "said"),
    [
        ("audio", "encoder.layers.1.final_layer_norm.weight", r"audio model gives NaN .* first in layers\.1 of its 2"),
        ("video", "encoder.layer.0.mlp.fc2.weight", r"video model gives NaN .* first in layer\.0 of its 2"),
    ],
)
def test_values_that_overflow_name_the_layer_and_the_chunk(
    command: Command, demo: DemoPaths, models: Path, tmp_path: Path, folder: str, weight: str, said: str
) -> None:
    path = models / folder / "model.safetensors"
    entries, metadata = read_header(path)
    arrays = {name: np.array(entry.read(np.float32)) for name, entry in entries.items()}
    arrays[weight][:] = 3e38  # finite in the file
    write_safetensors(path, arrays, metadata=metadata)
    chosen = ["--checkpoint", models / "encoder", "--models", models, "--cache", "none", "--no-speech", "--quiet"]
    process = command("predict", demo.clip, "--out", tmp_path / "out", *chosen)
    line = refused(process)
    assert process.stderr == line + "\n"  # and nothing of NumPy's own
    assert re.search(rf"(mp4|wav), chunk 1 of 1, from 0 s on: the {said}", line), line
    assert not (tmp_path / "out").exists()


def test_damaged_weight_files(predict: Command, demo: DemoPaths, models: Path) -> None:
    path = models / "encoder" / "model.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    assert "truncated" in predict(demo.clip, "--no-speech", models=models)
    path.write_bytes((2**63).to_bytes(8, "little") + whole[8:])
    assert "header claims 9223372036854775808 bytes" in predict(demo.clip, "--no-speech", models=models)


def test_hostile_and_wrong_configurations(predict: Command, demo: DemoPaths, models: Path, tmp_path: Path) -> None:
    path = models / "encoder" / "config.yaml"
    text = path.read_text()
    witness = tmp_path / "executed"
    path.write_text(f"{text}\nhostile: !!python/object/apply:os.system ['touch {witness}']\n")
    predict(tmp_path / "absent.mp4", models=models)  # never read before the stimulus
    with suppress(CheckpointError):
        assert "os.system" not in repr(type(read_config_yaml(path)["hostile"]))
    assert not witness.exists()
    path.write_text(text.replace("brain_model_config:", "brain_model_config:\n    colour: red", 1))
    assert "colour" in predict(demo.clip, "--no-speech", models=models)
    path.write_text("a: [1, 2")
    assert "config.yaml" in predict(demo.clip, "--no-speech", models=models)


def test_ordinary_python_tags_are_accepted(demo: DemoPaths) -> None:
    text = (demo.models / "encoder" / "config.yaml").read_text()
    for tag in ("!!python/tuple", "collections.OrderedDict", "pathlib.PosixPath"):
        assert tag in text
    assert read_config_yaml(demo.models / "encoder" / "config.yaml")["data"]["frequency"] == 2


def test_values_that_change_the_maths_are_refused(predict: Command, demo: DemoPaths, models: Path) -> None:
    path = models / "text" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"hidden_act": "gelu", "foreign_key": 1}))
    assert "hidden_act" in predict(demo.clip, "--transcript", demo.transcript, models=models)


def test_places_that_cannot_be_written(
    command_here: Command, predict: Command, demo: DemoPaths, tmp_path: Path
) -> None:
    chosen = ["--no-speech", "--checkpoint", demo.models / "encoder", "--models", demo.models]
    blocked = made(tmp_path / "file", b"x")
    assert "--cache" in predict(demo.clip, "--no-speech", "--cache", blocked / "cache")
    assert "is a file" in refused(command_here("predict", demo.clip, "--out", blocked, *chosen))
    assert "cannot be written" in refused(command_here("predict", demo.clip, "--out", blocked / "out", *chosen))
    other = tmp_path / "other"
    other.mkdir()
    made(other / "thesis.tex", b"x")
    assert "holds other files" in refused(command_here("predict", demo.clip, "--out", other, *chosen))
    assert (other / "thesis.tex").read_bytes() == b"x"
    assert "--seconds" in refused(command_here("demo", "--out", tmp_path / "d", "--seconds", "0"))
    assert "--seed" in refused(command_here("demo", "--out", tmp_path / "d", "--seed", "-1"))


def test_regions_need_their_data(
    predict: Command, demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    said = predict(demo.clip, "--no-speech", "--roi", "V1")
    assert "hcp-mmp1 was not found; looked in" in said
    assert "tribe-np download hcp-mmp1" in said
    said = predict(demo.clip, "--no-speech", "--roi", "V1", "--parcellation", tmp_path / "no.annot")
    assert "no.annot: no such file or folder, and no known name" in said
    assert "holds no parcellation" in predict(demo.clip, "--no-speech", "--roi", "V1", "--parcellation", tmp_path)
    assert "give --roi too" in predict(demo.clip, "--no-speech", "--parcellation", "yeo-7")


def test_an_unknown_sentence_splitter(predict: Command, demo: DemoPaths) -> None:
    assert "psychic" in predict(demo.clip, "--transcript", demo.transcript, "--sentences", "psychic")


def test_an_unknown_transcriber(predict: Command, demo: DemoPaths) -> None:
    assert "oracle" in predict(demo.clip, "--transcriber", "oracle")
    assert "known: faster-whisper, whisperx, or" in predict(demo.clip, "--transcriber", "oracle")


def test_words_that_cannot_be_had(predict: Command, demo: DemoPaths, tmp_path: Path) -> None:
    cat = ("--transcriber", "cat {input} {output}")
    assert "no {output} after" in predict(demo.clip, "--transcriber", "cat {input}")
    assert "'nowhere' is neither a program" in predict(demo.clip, "--transcriber", "nowhere {input} {output}")
    assert "'cat' failed (exit code 1)" in predict(demo.clip, *cat)
    assert "the text for --align cannot be read" in predict(demo.clip, *cat, "--align", tmp_path / "absent.txt")
    assert "contains no words" in predict(demo.clip, *cat, "--align", made(tmp_path / "dashes.txt", b"-- ...\n"))
    assert "--transcript and --align contradict" in predict(demo.clip, "--align", "a.txt", "--transcript", "b.json")
    assert "--no-speech contradicts --align" in predict(demo.clip, "--align", "a.txt", "--no-speech")
    assert "--whisper-model 'smol'" in predict(demo.clip, "--whisper-model", "smol")


def test_info_of_nothing(command_here: Command, tmp_path: Path) -> None:
    assert "no such folder" in refused(command_here("info", tmp_path / "absent"))
    assert "neither config.yaml" in refused(command_here("info", tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert "is a file, not a folder" in refused(command_here("info", tmp_path / "model.safetensors"))
