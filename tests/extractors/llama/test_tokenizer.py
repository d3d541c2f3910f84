"""LlamaTokenizer on a random folder's tokenizer.json: round trips, special tokens, limits, and broken files."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.llama.random import write_random
from extractors.llama.tokenizer import LlamaTokenizer
from tribe_np.errors import CheckpointError, EventsError, MissingDependencyError

N_WORDS = 456  # ids before the special tokens


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_random(tmp_path_factory.mktemp("llama"), seed=0, n_layers=1)


@pytest.fixture
def folder(source, tmp_path):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def tokenizer(source):
    return LlamaTokenizer.from_pretrained(source)


def set_config(folder, **settings):
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.extras
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_decoding_gives_the_text_back(tokenizer, text):
    if "<|" not in text:
        assert tokenizer.backend.decode(tokenizer.encode(text)) == text


@pytest.mark.extras
def test_no_special_tokens_are_added_but_written_ones_are_recognised(tokenizer):
    assert tokenizer.eos_id == N_WORDS + 1
    assert N_WORDS not in tokenizer.encode("Hello, my name is Anna.")
    assert tokenizer.encode("a<|end_of_text|>b")[1] == tokenizer.eos_id
    assert tokenizer.backend.encode("a").ids[0] == N_WORDS  # the template would put BOS first


@pytest.mark.extras
def test_pipeline_is_llama_3s(tokenizer):
    def pieces(text):
        return [tokenizer.backend.id_to_token(i) for i in tokenizer.encode(text)]

    assert pieces("he was in the") == ["he", "Ġwas", "Ġin", "Ġthe"]
    assert pieces("was") == ["w", "a", "s"]
    words = tokenizer.backend.pre_tokenizer.pre_tokenize_str("It's 12345 (maybe)!\n\n  x")
    assert [word for word, _ in words] == ["It", "'s", "Ġ", "123", "45", "Ġ(", "maybe", ")!ĊĊ", "Ġ", "Ġx"]
    assert tokenizer.vocab_size == N_WORDS + 8


@pytest.mark.extras
def test_truncation_and_padding_of_the_file_are_switched_off(folder):
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["truncation"] = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    content["padding"] = {
        "strategy": {"Fixed": 50}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "!",
    }  # fmt: skip
    path.write_text(json.dumps(content))
    assert 4 < len(LlamaTokenizer.from_pretrained(folder).encode("Hello, my name is Anna.")) < 20


@pytest.mark.extras
def test_a_context_keeps_its_last_tokens(folder, tokenizer):
    set_config(folder, model_max_length=3)
    short = LlamaTokenizer.from_pretrained(folder)
    text = "Hello, my name is Anna."
    assert short.encode_context(text) == tokenizer.encode(text)[-3:]
    assert short.encode(text) == tokenizer.encode(text)
    assert tokenizer.encode_context(text) == tokenizer.encode(text)


@pytest.mark.extras
@pytest.mark.parametrize("length", [10**30, 1e30, None, "many", True])
def test_no_limit(folder, length):
    set_config(folder, model_max_length=length)
    assert LlamaTokenizer.from_pretrained(folder).max_length is None


@pytest.mark.extras
def test_padding_token_is_end_of_text_unless_named(folder):
    assert LlamaTokenizer.from_pretrained(folder).pad_id == N_WORDS + 1
    set_config(folder, pad_token={"content": "<|reserved_special_token_0|>"})
    assert LlamaTokenizer.from_pretrained(folder).pad_id == N_WORDS + 2


@pytest.mark.extras
def test_special_tokens_from_the_older_file(folder):
    (folder / "tokenizer_config.json").unlink()
    bare = LlamaTokenizer.from_pretrained(folder)
    assert (bare.eos_id, bare.pad_id, bare.max_length) == (None, 0, None)
    (folder / "special_tokens_map.json").write_text('{"eos_token": "<|end_of_text|>"}')
    assert LlamaTokenizer.from_pretrained(folder).eos_id == N_WORDS + 1


@pytest.mark.extras
@pytest.mark.parametrize("token", ["<|unknown|>", 3, {"content": ["x"]}])
def test_a_special_token_outside_the_vocabulary(folder, token):
    set_config(folder, pad_token=token)
    with pytest.raises(CheckpointError, match=r"pad_token .* is not in the vocabulary"):
        LlamaTokenizer.from_pretrained(folder)


@pytest.mark.extras
def test_missing_and_broken_files(folder):
    path = folder / "tokenizer.json"
    whole = path.read_text()
    for broken in (whole[: len(whole) // 2], "", "[]", '{"model": 3}', "{}", whole.replace('"BPE"', '"BQE"')):
        path.write_text(broken)
        with pytest.raises(CheckpointError, match=r"tokenizer\.json") as caught:
            LlamaTokenizer.from_pretrained(folder)
        assert "\n" not in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        LlamaTokenizer.from_pretrained(folder)
    path.unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        LlamaTokenizer.from_pretrained(folder)


def test_without_the_package(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingDependencyError, match=r"the text model needs tokenizers.*tribe_np\[text\]"):
        LlamaTokenizer.from_pretrained(folder)


@pytest.mark.extras
def test_text_that_is_no_unicode(tokenizer):
    with pytest.raises(EventsError, match="not valid Unicode"):
        tokenizer.encode("a\ud800b")


@pytest.mark.extras
@given(st.integers(0, 2**32 - 1), st.sampled_from(["cut", "flip"]))
def test_a_damaged_file_loads_or_is_one_clear_error(source, tmp_path_factory, seed, kind):
    damaged = bytearray((source / "tokenizer.json").read_bytes())
    place = seed % len(damaged)
    if kind == "cut":
        del damaged[place:]
    else:
        damaged[place] ^= 1 << seed % 8
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "tokenizer.json").write_bytes(damaged)
    try:
        ids = LlamaTokenizer.from_pretrained(folder).encode("He was in the house. 123")
    except CheckpointError as error:
        assert "tokenizer.json" in str(error)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert ids
