"""Words to words in context: Text and Sentence rows, and what the language model reads for each word."""

from collections import Counter

from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, number_of
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.timeline.contexts import (
    MAX_CONTEXT_LEN,
    SENTENCE_MARGIN,
    add_contexts,
    add_sentences,
    add_text,
    remove_missing,
)
from tribe_np.timeline.events import Events
from tribe_np.timeline.sentences import analyser


def in_context(
    events: Events,
    language: str,
    config: PipelineConfig,
    record: RunRecord,
    progress: Progress,
    *,
    are_the_text: bool = False,
) -> Events:
    """The table with Text and Sentence rows, and with a context for every word that has a sentence.

    `are_the_text`: the words were cut out of a text and not heard, so that all have one. Others without one are left
    out, with a warning that counts them.
    Raises   EventsError, MissingDependencyError from the splitter
    """
    compat = config.compat
    splitter = analyser(config.sentences, language)
    if record.facts.get("sentences_note") != splitter.note:  # once in a run of many stimuli
        progress.note(splitter.note)
    record.facts |= {"sentences": splitter.name, "sentences_note": splitter.note}
    n_words = len(events.of_type("Word"))
    events = add_text(events, analyser=splitter, as_spoken=compat.text_as_spoken)
    events = add_sentences(
        events, analyser=splitter, max_unmatched_ratio=0.05,
        rounding_loses_words=compat.rounding_loses_words, merge_identical=compat.identical_sentences,
        are_the_text=are_the_text, margin=0.0 if compat.exact_sentences else SENTENCE_MARGIN,
    )  # fmt: skip
    stride = config.stride
    events = add_contexts(
        events, max_context_len=MAX_CONTEXT_LEN, stride=stride, merge_identical=compat.identical_sentences
    )
    events = remove_missing(events)
    if stride > 1 and _longest(events) > MAX_CONTEXT_LEN + 1:
        record.warn(
            f"contexts are anchored at every {stride}th word, an approximation: from word {MAX_CONTEXT_LEN + 2} on, "
            f"words have up to {stride} words more context than exact ones"
        )
    lost = n_words - len(events.of_type("Word"))
    if lost:
        verb = "is" if lost == 1 else "are"
        record.warn(f"{lost} of {number_of(n_words, 'words')} could not be placed in a sentence and {verb} left out")
    return events


def _longest(events: Events) -> int:
    """Words of the timeline that has most."""
    return max(Counter(word.timeline for word in events.of_type("Word")).values(), default=0)
