"""Which transcriber is chosen, and a command line of one's own."""

import json
import sys
from pathlib import Path

import pytest

from tribe_np.errors import ConfigError, MediaError, MissingDependencyError
from tribe_np.media.speech import faster_whisper
from tribe_np.media.speech.faster_whisper import FasterWhisper
from tribe_np.media.speech.transcriber import Transcriber, find_transcriber
from tribe_np.media.speech.transcriber_command import CommandTranscriber, parse_command
from tribe_np.media.speech.whisperx import WhisperX
from tribe_np.media.transcripts.transcript import Word

WHISPER = FasterWhisper(Path("whisper"), "small")
DOCUMENT = {"language": "fr", "segments": [{"text": "Bonjour", "words": [{"word": "Bonjour", "start": 0.5, "end": 1}]}]}


def chosen(name: str | None, **how: bool) -> Transcriber:
    return find_transcriber(name, open_whisper=lambda: WHISPER, **how)


def test_faster_whisper_is_the_default_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "whisperx"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: True)
    assert chosen(None) is WHISPER
    assert chosen("faster-whisper") is WHISPER
    assert chosen("whisperx") == WhisperX((str(program),))
    monkeypatch.setattr(faster_whisper, "is_installed", lambda: False)
    assert chosen(None) == WhisperX((str(program),))
    with pytest.raises(MissingDependencyError, match=r'faster-whisper: pip install "tribe_np\[transcribe\]"'):
        chosen("faster-whisper")
    with pytest.raises(MissingDependencyError, match="neither whisperx nor uvx"):  # upstream runs uvx
        chosen(None, upstream=True)


def test_an_unknown_name() -> None:
    with pytest.raises(ConfigError, match=r"'vosk' is not known; known: faster-whisper, whisperx, or --transcriber"):
        chosen("vosk")


def test_a_command_is_split_as_a_shell_would_and_run_without_one(tmp_path: Path) -> None:
    script = tmp_path / "my recogniser.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "given = dict(part.split('=', 1) for part in sys.argv[2:])\n"
        "assert pathlib.Path(given['in']).is_absolute() and sys.argv[1] == '$HOME; x'\n"
        f"pathlib.Path(given['out']).write_text(json.dumps({DOCUMENT!r}))\n"
        "print('much', file=sys.stderr)\n"
    )
    engine = chosen(f"'{sys.executable}' '{script}' '$HOME; x' in={{input}} out={{output}}")
    engine.check(None)
    transcript = engine.transcribe(tmp_path / "{output}.wav", None)
    assert transcript.words == (Word("Bonjour", 0.5, 1.0, 0, "Bonjour"),)
    assert transcript.language == "fr"
    assert transcript.source == f"{Path(sys.executable).name} of {tmp_path / '{output}.wav'}"
    assert set(engine.files) == {Path(sys.executable), script}  # a changed script gives other words


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("recognise {input}", r"no \{output\} after the program's name"),
        ("recognise --to {output}", r"no \{input\} after"),
        ("{input} {output}", r"no \{input\} after"),
        ("recognise 'a {input} {output}", "No closing quotation; expected --transcriber"),
    ],
)
def test_a_command_that_is_not_well_formed(line: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_command(line)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="'nowhere/recognise' is neither a program on PATH nor a path to one"):
        parse_command("nowhere/recognise {input} {output}").check(None)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("sys.exit('Traceback\\nValueError: no such voice')", r"failed \(exit code 1\): ValueError: no such voice$"),
        ("print('out of luck'); sys.exit(3)", r"failed \(exit code 3\): out of luck$"),
        ("print('x' * 10**6, file=sys.stderr)", r"wrote nothing to \{output\}; it printed: x{300}$"),
        ("open(output, 'w').write('')", "wrote nothing"),
        ("open(output, 'w').write('not json')", r"did not write whisperX JSON to \{output\}: line 1: not JSON"),
        ("open(output, 'w').write('{\"text\": \"\"}')", 'did not write whisperX JSON .* no list "segments"'),
    ],
)
def test_a_command_that_fails(tmp_path: Path, code: str, message: str) -> None:
    code = f"import sys; output = sys.argv[2]; {code}"
    engine = CommandTranscriber((sys.executable, "-c", code, "{input}", "{output}"))
    with pytest.raises(MediaError, match=message) as caught:
        engine.transcribe(tmp_path / "talk.wav", None)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'talk.wav'}: the transcriber ")


def test_the_document_that_commands_write_is_whisperx_json(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps(DOCUMENT))
    engine = parse_command(f"cp {kept} {{output}} --no-target-directory --suffix={{input}}")
    assert engine.transcribe(tmp_path / "talk.wav", "english").words[0].text == "Bonjour"
