"""The sentences of upstream's recorded runs: spaCy's rule-based sentencizer in place of the parser of its large model.

No model of spaCy was there when the golden files were made. This is that sentencizer on our tokens, so that they can
be compared to the letter without spaCy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unicodedata import category
from unittest.mock import patch

from tribe_np.pipeline.stimuli import word_contexts as building
from tribe_np.timeline.sentence_ends import SENTENCE_ENDS
from tribe_np.timeline.sentences import Sentence, _assemble
from tribe_np.timeline.words_and_marks import words_and_marks


@dataclass(frozen=True)
class Sentencizer:
    """A sentence ends after a token that is one mark, and the punctuation that follows it.

    Source   spaCy 3.8 pipeline/sentencizer.pyx Sentencizer.predict
    """

    language: str = "en"
    name: str = "sentencizer"
    note: str = "sentences: spaCy's rule-based sentencizer"

    def analyse(self, text: str) -> list[Sentence]:
        """See TextAnalyser."""
        return list(_assemble(text, self._marked(text)))

    def _marked(self, text: str) -> Iterator[tuple[str, int, bool]]:
        begins, seen_end = True, False
        for token, start in words_and_marks(text, self.language):
            is_end = token in SENTENCE_ENDS
            if seen_end and not is_end and not all(category(c).startswith("P") for c in token):
                begins, seen_end = True, False
            yield token, start, begins
            begins, seen_end = False, seen_end or is_end


@contextmanager
def sentences_as_recorded() -> Iterator[None]:
    """Within it the pipeline cuts sentences as the recorded runs did."""
    with patch.object(building, "analyser", lambda option, language: Sentencizer()):
        yield
