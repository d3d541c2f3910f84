"""A tokenizer.json that is not LLaMA 3's runs in a child: hostile ones are one error, in bounded time."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from extractors.llama import tokenizer_process
from extractors.llama.random_tokenizer import tokenizer_settings
from extractors.llama.tokenizer import LlamaTokenizer
from extractors.llama.tokenizer_process import TokenizerProcess
from tribe_np.errors import CheckpointError, EventsError

pytestmark = pytest.mark.extras
SPACE = {"type": "WhitespaceSplit"}


def write(folder: Path, **changes: Any) -> Path:
    """tokenizer.json of LLaMA 3's kind, with some of its parts replaced."""
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(tokenizer_settings() | changes))
    return path


def split(pattern: str) -> dict[str, Any]:
    byte_level = tokenizer_settings()["pre_tokenizer"]["pretokenizers"][1]
    regex = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
    return {"type": "Sequence", "pretokenizers": [regex, byte_level]}


def test_the_ids_are_those_of_the_library(tmp_path: Path) -> None:
    import tokenizers

    path = write(tmp_path, pre_tokenizer=split(r"\p{L}+|\p{N}|\s+|[^\s\p{L}\p{N}]+"), post_processor=None)
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    assert isinstance(tokenizer.backend, TokenizerProcess)
    reference = tokenizers.Tokenizer.from_file(str(path))
    for text in ("Hello, my name is Anna.", "", "a\nb\u2028c", "日本語 é 😀", "x" * 100_000):
        assert tokenizer.encode(text) == reference.encode(text, add_special_tokens=False).ids
    assert tokenizer.vocab_size == reference.get_vocab_size()
    assert tokenizer.backend.token_to_id("no such token") is None


def test_llama_3s_pipeline_needs_no_process(tmp_path: Path) -> None:
    write(tmp_path)
    assert not isinstance(LlamaTokenizer.from_pretrained(tmp_path).backend, TokenizerProcess)


def test_a_panic_is_an_error_and_writes_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, pre_tokenizer=split("(a+)+b"))
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: cannot read the text 'aaa.*retry-limit"):
        tokenizer.encode("a" * 40 + "c")
    assert tokenizer.encode("ab")  # and it still works
    assert capfd.readouterr() == ("", "")


def test_an_expression_that_takes_hours_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, pre_tokenizer=split(r"(?:x|xx)(?:x*)(?:x*)(?:y|z\d)|y"))
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    monkeypatch.setattr(tokenizer_process, "ENCODE_SECONDS", 0.3)
    start = time.monotonic()
    with pytest.raises(CheckpointError, match=r"cannot read the text .* within 0\.3 s"):
        tokenizer.encode(" ".join(["x" * 250] * 1000))
    assert time.monotonic() - start < 20
    assert tokenizer.encode("xy")  # in a new process


def test_an_interrupt_leaves_no_answer_for_the_next_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, pre_tokenizer=SPACE)
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    expected = tokenizer.encode("the second text")

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tokenizer_process, "_read_line", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tokenizer.encode("the first text, whose answer comes too late")
    assert tokenizer.encode("the second text") == expected


def test_a_text_that_grows_without_bound_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_process, "MAX_MEMORY", 1 << 30)
    longer = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 20_000}
    write(tmp_path, normalizer={"type": "Sequence", "normalizers": [longer] * 3}, pre_tokenizer=SPACE)
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="ran out of memory"):
        tokenizer.encode("a")


@pytest.mark.parametrize(
    "changes",
    [
        {"pre_tokenizer": split("(")},
        {"pre_tokenizer": {"type": "None such"}},
        {"model": {"type": "BPE", "vocab": {}, "merges": ["a b"]}},
        {"model": {"type": "WordPiece", "vocab": {"a": -1}}},
        {"model": {"type": "Unigram", "vocab": [["a", 1e400]], "unk_id": 7}},
        {"added_tokens": [{"id": 2**64}]},
    ],
)
def test_what_the_library_refuses_is_one_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    write(tmp_path, **({"pre_tokenizer": SPACE} | changes))
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: is not a usable tokenizer"):
        LlamaTokenizer.from_pretrained(tmp_path)


def test_half_a_surrogate_pair_is_named(tmp_path: Path) -> None:
    for changes in ({}, {"pre_tokenizer": SPACE}):
        write(tmp_path, **changes)
        with pytest.raises(EventsError, match=r"\\ud83d' is not valid Unicode"):
            LlamaTokenizer.from_pretrained(tmp_path).encode("half \ud83d")
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"eos_token": "\ud83d"}))
        with pytest.raises(CheckpointError, match=r"eos_token '\\ud83d' .*vocabulary"):
            LlamaTokenizer.from_pretrained(tmp_path)
        (tmp_path / "tokenizer_config.json").unlink()


def test_a_file_of_gigabytes_is_refused(tmp_path: Path) -> None:
    with write(tmp_path).open("ab") as file:
        file.truncate(3 << 30)
    with pytest.raises(CheckpointError, match=r"tokenizer\.json: larger than 32 MB"):
        LlamaTokenizer.from_pretrained(tmp_path)


def test_a_fork_has_a_child_of_its_own_and_none_is_left(tmp_path: Path) -> None:
    write(tmp_path, pre_tokenizer=SPACE)
    tokenizer = LlamaTokenizer.from_pretrained(tmp_path)
    expected = tokenizer.encode("a word")
    forked = os.fork()
    if forked == 0:
        os._exit(0 if tokenizer.encode("a word") == expected else 1)
    assert os.waitpid(forked, 0)[1] == 0
    assert tokenizer.encode("a word") == expected
    child = tokenizer.backend._started[1]
    del tokenizer
    assert child.returncode is not None
