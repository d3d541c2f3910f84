"""What a model takes, memory and arithmetic, before it runs: the questions that each model's costs.py answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tribe_np.ops.attention import BLOCK_SCORES
from tribe_np.timeline.segments import LONGEST_CHUNK

WORDS_A_SECOND = 2.5  # of speech: a round number for English, not measured on a stimulus
SCORE_BLOCKS = 6  # blocks of attention scores alive together: raw, biased, exponentials, weights, distances


@dataclass(frozen=True)
class Load:
    """What a model is given: how much at once, which decides its memory, and how much in all, its arithmetic.

    A model reads the fields of what it is given. The defaults are what a run of ordinary length computes at once.
    """

    n_words: int = 0  # in all; their features are kept until the last
    n_words_at_once: int | None = None  # whose contexts are run together; None: as many as the model ever takes
    is_padded: bool = False  # every context runs whole, filled up to the longest
    stride: int = 1  # words from the start of a context to the start of the next
    seconds: float = 0.0  # of sound or film in all
    chunk_seconds: float = LONGEST_CHUNK  # of sound at once
    n_clips: int = 0  # of film in all, or single pictures
    n_video_frames: int | None = None  # of a clip; None: as many as upstream takes
    picture: tuple[int, int] = (1080, 1920)  # height and width of the film


@dataclass(frozen=True)
class TextWork:
    """What the features of some words take; known once a layer of the first pass has run."""

    n_words: int  # of different text or context
    n_words_left: int  # of them, those that no earlier run has finished
    n_tokens: int  # run for all words, shared ones once
    n_tokens_left: int
    n_tokens_alone: int  # that one pass per word would run
    seconds: float  # expected for the words that are left


class Costs(Protocol):
    """A model's costs.py. Matrix products alone are counted as arithmetic, a multiply-add as 2."""

    AT_ONCE: str
    """What `work` is for with the default load, for people."""
    UNREAD: tuple[str, ...]
    """Parts of names of stored tensors that are not read into memory as a whole, or not at all."""

    def work(self, config: Any, load: Load, itemsize: int) -> int:
        """Bytes of the arrays that are alive together where a layer needs most, weights not counted."""

    def flop(self, config: Any, load: Load) -> float:
        """Arithmetic of all that is given, as for a selection that reaches the last layer."""

    def flop_per_second(self, config: Any, load: Load, frequency: float) -> Mapping[str, float | str]:
        """Arithmetic of a second of stimulus on a grid of `frequency` Hz, by kind, and what was "assumed"."""


def scores(n_heads: int, n_tokens: int) -> int:
    """Numbers in the blocks of attention scores that are alive together."""
    return SCORE_BLOCKS * min(BLOCK_SCORES, n_heads * n_tokens * n_tokens)
