"""Words into features: all words of a table are one piece, since their contexts overlap and share their passes.

Its passes are the parts of the entry: they are kept until it is whole, and processes may share them out.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from extractors.common.costs import Load, TextWork
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.pipeline.costs.text_work import describe_work
from tribe_np.pipeline.features.modality import EventFeatures, EventKey, Modality, Piece, event_key
from tribe_np.pipeline.progress import number_of
from tribe_np.pipeline.store.word_passes import WordPasses
from tribe_np.timeline.contexts import MAX_CONTEXT_LEN
from tribe_np.timeline.events import Events


@dataclass(frozen=True, eq=False)
class Words(Modality):
    """A model that reads words in context; `self.about.extract` is `extractors.llama.extract.word_features`."""

    shows_pieces: ClassVar[bool] = True

    def pieces(self, events: Events) -> list[Piece]:
        """See Modality."""
        rows = self.rows(events)
        return [Piece(self.config.modality, tuple(rows))] if rows else []

    def compute(self, piece: Piece, key: str) -> np.ndarray:
        """See Modality.

        Shapes   n words, each a text and a context -> (n, G, F)
        """
        return np.stack(self._vectors(piece, key))

    def n_parts(self, piece: Piece) -> int:
        """See Modality."""
        if self.about.n_passes is None:
            return 1
        n_passes: int = self.about.n_passes(self.tokenizer, piece.rows, **self._cut)
        return n_passes

    def compute_parts(self, piece: Piece, key: str, first: int, stop: int) -> None:
        """See Modality."""
        if self.about.n_passes is None:
            super().compute_parts(piece, key, first, stop)
        else:
            self._vectors(piece, key, only=range(first, stop))

    def place_of(self, piece: Piece) -> tuple[str | int, ...]:
        """See Modality; the extractor counts the words."""
        return (self.config.modality,)

    def _vectors(self, piece: Piece, key: str, **only: range) -> list[np.ndarray]:
        """The features (G, F) of each word; of none with `only`, which says which passes to run and keep."""
        with self.progress.stage(self.config.modality, None if only else len(piece.rows), "words") as step:
            vectors: list[np.ndarray] = self.about.extract(
                self.model, self.tokenizer, piece.rows, selection=self.config.selection, **self._cut,
                kept=WordPasses(self.parts(key)), progress=_steps(step), report=lambda work: self._tell(work, piece),
                **only,
            )  # fmt: skip
        return vectors

    @cached_property
    def tokenizer(self) -> Any:
        """The model's tokenizer, loaded when it is first needed."""
        return self.about.tokenizer.from_pretrained(self.folder)

    @property
    def _cut(self) -> dict[str, Any]:
        """What decides how words are cut into passes."""
        return {"batch_size": self._batch_size, "eos_is_padding": self.options.compat.eos_is_padding}

    def by_event(self, piece: Piece, stored: np.ndarray | TensorEntry) -> dict[EventKey, EventFeatures]:
        """The same vector for as long as a word lasts (frequency 0)."""
        vectors = [stored.row(n) if isinstance(stored, TensorEntry) else stored[n] for n in range(len(piece.rows))]
        return {
            event_key(word): EventFeatures(vector, 0.0, word.start, word.duration, self.keeps_group_axis)
            for word, vector in zip(piece.rows, vectors, strict=True)
        }

    def key_parts(self, piece: Piece) -> Mapping[str, Any]:
        """See Modality."""
        eos = self.options.compat.eos_is_padding
        return {
            "words": [[word.text, word.context] for word in piece.rows],
            "sentences": self.options.sentences,
            "eos_is_padding": eos,
            # how words run together rounds otherwise: shared passes, or padded batches
            "batch_size": self._batch_size if eos else "shared",
        }

    def workload(self, events: Events) -> Load:
        """See Modality."""
        rows, is_padded = self.rows(events), self.options.compat.eos_is_padding  # padded: batches of whole contexts
        longest = max(len((row.context or "").split()) for row in rows)
        n_at_once = longest * self._batch_size if is_padded else len(rows)
        return Load(n_words=len(rows), n_words_at_once=n_at_once, is_padded=is_padded, stride=self.options.stride)

    def amount(self, load: Load) -> str:
        """See Modality."""
        return number_of(load.n_words, "words")

    def check(self) -> None:
        """See Modality."""
        super().check()
        self.about.tokenizer.from_pretrained(self.folder)

    @property
    def _batch_size(self) -> int:
        return max(1, self.config.batch_size)

    def _tell(self, work: TextWork, piece: Piece) -> None:
        """Says how long the words will take, once a layer or two have run."""
        options = self.options
        faster = options.stride == 1 and not options.compat.eos_is_padding  # which runs every context whole anyway
        line = describe_work(
            work, piece.rows, max_context_len=MAX_CONTEXT_LEN, stride=options.context_stride, exact=faster
        )
        self.record.facts["text_work"] = asdict(work) | {"seconds": round(work.seconds, 1)}
        self.progress.note(line)


def _steps(step: Callable[[int], None]) -> Callable[[int, int], None]:
    """A (done, total) callback from one that takes steps since the last call."""
    last = 0

    def report(done: int, total: int) -> None:
        nonlocal last
        step(done - last)
        last = done

    return report
