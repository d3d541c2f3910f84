"""A small tokenizer.json with LLaMA 3's pipeline: its regular expression, byte-level BPE, ignore_merges, BOS template.

The merges are learned here from a few embedded sentences, so that common words are one token and rare ones several.
"""

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import Any

from extractors.llama.tokenizer import PATTERN

SPECIAL_TOKENS = ("<|begin_of_text|>", "<|end_of_text|>", *(f"<|reserved_special_token_{i}|>" for i in range(6)))
N_MERGES = 200
TRAINING_SPLIT = re.compile(r"'(?:s|t|re|ve|m|ll|d)\b|[^\r\nA-Za-z0-9]?[A-Za-z]+|[0-9]{1,3}| ?[^\sA-Za-z0-9]+|\s+")
TEXT = """
Hello, my name is Anna. I live in the old town by the river, and every morning I walk to the market with my brother.
What do you see when you look at a film? You see light and faces, you hear a voice and the music, and you think of the
words that they say. The brain listens: it hears the sound of the words, it keeps what was said before, and it waits
for the word that comes next. Did you know that? We don't. It's what they're asking, and I've seen that he'll answer.
There was a man in the house and a woman at the door. He said that it was late; she said that it was not. "Come in,"
he said, "and tell me about the people on the other side of the water." They were all there, one by one, and this is
how the story would go on: first the children, then their mother, then the dog which had been with them from the
beginning. She had to go back to her work, but could she have more time? No... not then! In the end we have what we
make of it, so make it good. Some of those things are new, many are not, and that is as it should be. Yes, I like it.
"""


def byte_symbols() -> list[str]:
    """The printable character that stands for each byte value 0..255 (the space becomes U+0120).

    Source   tokenizers 0.22 ByteLevel: bytes 33-126, 161-172, 174-255 stand for themselves, the others count up
             from U+0100
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(value) if value in printable else chr(next(others)) for value in range(256)]


@cache
def learned_merges() -> tuple[tuple[str, str], ...]:
    """The most frequent adjacent pair of the embedded text, merged, again and again; ties go to the smaller pair."""
    symbols = byte_symbols()
    pieces = Counter(TRAINING_SPLIT.findall(" ".join(TEXT.split())))
    words = {tuple(symbols[value] for value in piece.encode()): count for piece, count in pieces.items()}
    merges = []
    for _ in range(N_MERGES):
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                pairs[pair] += count
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {_merged(word, best): count for word, count in words.items()}
    return tuple(merges)


def _merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    out: list[str] = []
    for symbol in word:
        # `out` may end in a pair merged just now: that is a new symbol, and cannot be the pair's left half again
        if out and (out[-1], symbol) == pair:
            out[-1] = out[-1] + symbol
        else:
            out.append(symbol)
    return tuple(out)


def tokenizer_settings() -> dict[str, Any]:
    """The content of tokenizer.json; special tokens take the ids after the vocabulary, as in the released file."""
    merges = learned_merges()
    # bytes in the order of their characters' code, as byte-level trainers number them
    tokens = [*sorted(byte_symbols()), *dict.fromkeys(left + right for left, right in merges)]
    vocab = {token: number for number, token in enumerate(tokens)}
    special = [
        {"id": len(vocab) + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
         "normalized": False, "special": True}
        for i, token in enumerate(SPECIAL_TOKENS)
    ]  # fmt: skip
    bos = {"SpecialToken": {"id": SPECIAL_TOKENS[0], "type_id": 0}}
    template = {
        "type": "TemplateProcessing",
        "single": [bos, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [bos, {"Sequence": {"id": "A", "type_id": 0}}, bos, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {SPECIAL_TOKENS[0]: {"id": SPECIAL_TOKENS[0], "ids": [len(vocab)],
                                               "tokens": [SPECIAL_TOKENS[0]]}},
    }  # fmt: skip
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    post = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": special, "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "post_processor": {"type": "Sequence", "processors": [post, template]},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
            "vocab": vocab, "merges": [f"{left} {right}" for left, right in merges],
        },
    }  # fmt: skip
