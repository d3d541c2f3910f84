"""Ids from pieces are the ids of the whole text, wherever it is cut."""

import json
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from extractors.llama.random_tokenizer import byte_symbols, tokenizer_settings
from extractors.llama.tokenizer import LONGEST_PIECE, ODD_SPACES, LlamaTokenizer, Pieces, cut_pieces, cuts_at_spaces

SPACES = " \t\n\r\v\f\x1c\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000" + ODD_SPACES
ODDITIES = [
    *SPACES, " " * 4, " \n ", "\r\n", ".", "!.", "?", "'", "'s", "'LL", "'\u017f", "\u2019s", "1", "12345", "a",
    "he", "was", "in", "the", "e\u0301", "\u0301", "\u00df", "\ufb06", "\u4f60\u597d", "\U0001f600", "\u200d", "\x00",
    "<|end_of_text|>", "<|", "|>", "<|begin_of_text|>", "\u0130",
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(ODDITIES), max_size=25).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=15).map(" ".join),
)
pytestmark = pytest.mark.extras


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A tokenizer that merges any two bytes, so that a match which ends elsewhere gives other ids."""
    folder, settings = tmp_path_factory.mktemp("pairs"), tokenizer_settings()
    merges = [(a, b) for a in byte_symbols() for b in byte_symbols()]
    vocab = {token: number for number, token in enumerate([*byte_symbols(), *map("".join, merges)])}
    special = [token | {"id": len(vocab) + n} for n, token in enumerate(settings["added_tokens"])]
    model = settings["model"] | {"vocab": vocab, "merges": [f"{a} {b}" for a, b in merges]}
    changed = settings | {"model": model, "added_tokens": special, "post_processor": None}
    (folder / "tokenizer.json").write_text(json.dumps(changed))
    return folder


@pytest.fixture(scope="module")
def tokenizer(source):
    found = LlamaTokenizer.from_pretrained(source)
    assert found.pieces is not None
    return found


@given(TEXTS)
@example("")
@example(" ")
@example("he \n was")
@example("really?. he")
@example("a \u200b b")
def test_the_ids_are_those_of_the_whole_text(tokenizer, text):
    assert tokenizer.encode(text) == tokenizer.encode_whole(text)


@given(
    st.lists(st.sampled_from(ODDITIES), min_size=1, max_size=30), st.integers(1, 12), st.sampled_from(["", " ", ". "])
)
def test_contexts_that_grow_and_slide(tokenizer, words, window, between):
    tokenizer = replace(tokenizer, pieces=Pieces(tokenizer.encode_whole))  # remembers nothing yet
    for stop in range(1, len(words) + 1):
        context = between.join(words[max(0, stop - window) : stop])
        for text in (context, context[: -len(words[stop - 1])].rstrip()):
            assert tokenizer.encode(text) == tokenizer.encode_whole(text)


@pytest.mark.parametrize("places", ["a{} b", "a {}b", "a {} b", "a{}  b", "{} b{}"])
def test_every_character_beside_a_cut(tokenizer, places):
    codes = [*range(0xD800), *range(0xE000, 0x10000)][:: 1 if places == "a{} b" else 7]
    texts = [places.replace("{}", chr(code)) for code in codes]
    whole = [found.ids for found in tokenizer.backend.encode_batch(texts, add_special_tokens=False)]
    differ = [texts[n] for n, ids in enumerate(whole) if tokenizer.encode(texts[n]) != ids]
    assert differ == []


@given(TEXTS)
def test_pieces_are_the_text(text):
    pieces = cut_pieces(text)
    assert " ".join(pieces) == text
    behind = ["", *pieces[:-1]]
    assert all(not before or not before[-1].isspace() for before in behind[1:])


def test_ordinary_text_is_cut_at_every_space():
    assert cut_pieces("he was there. So?") == ["he", "was", "there.", "So?"]
    assert cut_pieces("he\nwas  there ") == ["he\nwas", " there", ""]
    assert cut_pieces("  he") == ["  he"]


def test_words_are_tokenised_once_and_long_ones_not_kept(tokenizer):
    asked = []

    def encode(text):
        asked.append(text)
        return tokenizer.encode_whole(text)

    pieces = Pieces(encode)
    long = "x" * (LONGEST_PIECE + 1)
    for _ in range(2):
        assert pieces.encode(f"he was he was {long}") == tokenizer.encode_whole(f"he was he was {long}")
    assert asked == ["he", " was", " he", f" {long}", f" {long}"]


def changes():
    """Pipelines for which the cuts are not known to be exact."""
    settings = tokenizer_settings()
    split, byte_level = settings["pre_tokenizer"]["pretokenizers"]
    token = settings["added_tokens"][0]

    def before(*steps):
        return {"pre_tokenizer": {"type": "Sequence", "pretokenizers": list(steps)}}

    yield {"normalizer": {"type": "NFC"}}
    yield before(split | {"pattern": {"Regex": r"\s+"}}, byte_level)
    yield before(split | {"behavior": "Removed"}, byte_level)
    yield before(split | {"invert": True}, byte_level)
    yield before(split, byte_level | {"add_prefix_space": True})
    yield before(split, byte_level | {"use_regex": True})
    yield before(byte_level)
    yield {"pre_tokenizer": byte_level}
    yield {"pre_tokenizer": None}
    yield {"model": settings["model"] | {"dropout": 0.1}}
    for change in ({"content": "<|a b|>"}, {"lstrip": True}, {"rstrip": True}, {"single_word": True}):
        yield {"added_tokens": [*settings["added_tokens"][1:], token | change]}


def test_other_pipelines_take_the_whole_text(tmp_path):
    assert cuts_at_spaces(tokenizer_settings())
    assert not cuts_at_spaces({})
    for n, change in enumerate(changes()):
        content = tokenizer_settings() | change
        assert not cuts_at_spaces(content), change
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / "tokenizer.json").write_text(json.dumps(content))
        assert LlamaTokenizer.from_pretrained(folder).pieces is None


def test_without_pieces_nothing_changes(tokenizer):
    plain = replace(tokenizer, pieces=None)
    assert plain.encode("He was  in the house.\n 123") == tokenizer.encode("He was  in the house.\n 123")
