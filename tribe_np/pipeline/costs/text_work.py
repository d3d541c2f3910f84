"""What is printed before a text model runs: how many tokens, how long, and what would be faster."""

from collections import Counter
from collections.abc import Sequence

from extractors.common.costs import TextWork
from tribe_np.pipeline.progress import duration, number_of
from tribe_np.timeline.events import Event

LONG = 600.0  # seconds after which the faster way is mentioned


def describe_work(work: TextWork, words: Sequence[Event], *, max_context_len: int, stride: int, exact: bool) -> str:
    """One line: tokens, words, expected time; for exact contexts that take long, what anchored ones would take."""
    tokens, n_words = number_of(work.n_tokens, "tokens"), number_of(work.n_words, "words")
    line = f"text: {tokens} for {n_words}, about {duration(work.seconds)}"
    if work.n_words_left < work.n_words:
        line += f" for the {work.n_words_left} that an earlier run has not finished"
    all_anchored = work.seconds / work.n_tokens_left * work.n_tokens * anchored_share(words, max_context_len, stride)
    if not exact or work.seconds <= LONG or all_anchored > 0.5 * work.seconds:
        return line
    return (
        f"{line}; --context anchored, an approximation that starts contexts at every {stride}th word, "
        f"would take about {duration(all_anchored)}"
    )


def anchored_share(words: Sequence[Event], max_context_len: int, stride: int) -> float:
    """Tokens that contexts with a stride take, over those of exact ones; an estimate that counts words.

    Exact: one pass for a timeline's first max_context_len + 1 words, and one for every word after, whose window
    slides. With a stride: one pass per `stride` words, longer by up to so many.
    """
    slid = [max(0, n - max_context_len - 1) for n in Counter(word.timeline for word in words).values()]
    longer = 1 + stride / max_context_len
    return sum(1 + longer * -(-n // stride) for n in slid) / sum(1 + n for n in slid)
