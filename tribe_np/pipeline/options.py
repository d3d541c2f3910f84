"""The project's own options, which no checkpoint knows: each with its default, the one place where that stands."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.media.film.probe import Habits
from tribe_np.media.sound.audio import TrackHabits
from tribe_np.pipeline.branches import checked_branches
from tribe_np.pipeline.features.stride import STRIDES
from tribe_np.settings import FLAG, TEXT, Check, Settings, nullable, one_of, option, read_fields, whole
from tribe_np.shown import quoted
from tribe_np.timeline.languages import checked_language
from tribe_np.timeline.sentences import checked_splitter

COMPAT_NAMES = ("upstream", "neuralset-0.4")
REPAIRED_IN_4 = ("eos_is_padding", "identical_sentences")  # flags that neuralset 0.4.0 does not need
NEW_IN_4 = ("drops_short_chunks", "text_as_spoken", "exact_sentences")  # and those that 0.0.2 does not


@dataclass(frozen=True)
class Compat:
    """Upstream's defects, each off by default; `docs/differences.md` describes them under these names.

    The last three are what neuralset 0.4 does otherwise than 0.0.2, on which the released weights were trained.
    """

    duplicate_words: bool = False  # sound of 90 s or more: the whole transcript once per chunk, shifted
    english_only: bool = False  # the language of every transcript is taken to be English
    rounding_loses_words: bool = False  # a last word one rounding step past the text's end is dropped
    identical_sentences: bool = False  # sentences of one wording are one: words between them run together
    lossy_sidecar: bool = False  # sidecar words null, NA, ... become missing values
    wav_beside_video: bool = False  # the sound is written next to the video, and reused though stale
    trust_sound_header: bool = False  # a sound's length is what its header says; pieces of MP3 begin without lead-in
    sound_from_start: bool = False  # the sound of a film begins with it and has no gaps, whatever its times say
    ignore_rotation: bool = False  # rotated film is squeezed into the unrotated size
    ignore_pixel_aspect: bool = False  # pixels that are not square are taken to be
    ignore_picture_times: bool = False  # pictures are counted, though they do not come at a constant rate
    ffmpeg_picks_stream: bool = False  # of several films in a file, the largest is shown at the pace of the first
    container_duration: bool = False  # a film lasts as long as its header says, subtitles and all
    eos_is_padding: bool = False  # end-of-text tokens inside a context are cut as if they were padding
    drop_untimed_words: bool = False  # words that whisperX could not time ("2014") are left out
    hear_non_speech: bool = False  # musical notes, "[door slams]", a dash alone are words
    retranscribe_speech: bool = False  # words of a text come from transcribing its synthesised speech
    drops_short_chunks: bool = False  # sound and film are cut every 60 s, and a rest under 30 s is dropped
    text_as_spoken: bool = False  # the text of words keeps their letters and periods, and gets periods besides
    exact_sentences: bool = False  # a sentence begins with its first word, not a millionth of a second before

    @classmethod
    def named(cls, name: str | None) -> "Compat":
        """None: right by default; "upstream": tribev2 on neuralset 0.0.2; "neuralset-0.4": the same on 0.4.0."""
        if name is None:
            return cls()
        if name not in COMPAT_NAMES:
            raise ConfigError(f"compat must be {' or '.join(map(repr, COMPAT_NAMES))}, or absent, got {quoted(name)}")
        left_out = NEW_IN_4 if name == "upstream" else REPAIRED_IN_4
        return cls(**{f.name: True for f in fields(cls) if f.name not in left_out})

    @property
    def film_habits(self) -> Habits:
        """Those that concern the pictures of a film."""
        return Habits(**{f.name: getattr(self, f.name) for f in fields(Habits)})

    @property
    def track_habits(self) -> TrackHabits:
        """Those that concern the sound of a film."""
        return TrackHabits(**{f.name: getattr(self, f.name) for f in fields(TrackHabits)})


COMPAT: Check[Compat] = Check(
    f"{', '.join(COMPAT_NAMES)} or null",
    lambda value: value in (None, *COMPAT_NAMES) or isinstance(value, Compat),
    lambda _, value: value if isinstance(value, Compat) else Compat.named(value),
)
LANGUAGE: Check[str | None] = Check(
    "a name or null",
    lambda value: value is None or isinstance(value, str),
    lambda _, value: checked_language(value),
)
BRANCHES: Check[tuple[str, ...] | None] = Check(
    "names of modalities or null", lambda _: True, lambda _, value: checked_branches(value)
)
SPLITTER: Check[str] = Check(TEXT.expected, TEXT.is_good, lambda _, value: checked_splitter(value))


@dataclass(frozen=True)
class PipelineConfig:
    """The project's own options; `from_dict` refuses unknown keys."""

    sentences: str = option("builtin", SPLITTER)
    video_final_norm: bool = option(True, FLAG)
    n_video_frames: int | None = option(None, nullable(whole()))
    remove_empty_segments: bool = option(True, FLAG)
    language: str | None = option(None, LANGUAGE)
    keep_non_speech: bool = option(False, FLAG)  # of transcripts: "[door slams]", "MAN:" and the like count as words
    speech_engine: str | None = option(None, nullable(TEXT))
    context: str = option("exact", one_of("exact", "anchored"))  # anchored: one starts at every `context_stride` words
    context_stride: int = option(256, whole())
    video_stride: int = option(1, one_of(*STRIDES))  # bins from one computed clip to the next; 2, 4: approximations
    only: tuple[str, ...] | None = option(None, BRANCHES)  # modalities; events of others are left out
    memory_check: bool = option(True, FLAG)  # a run whose memory would not suffice is refused before it begins
    kernels: str = option("auto", TEXT)  # or "reference", "numba", "cupy": see kernels.choose
    compat: Compat = option(Compat(), COMPAT)

    @property
    def stride(self) -> int:
        """Words from the start of a context to the start of the next; 1 is exact."""
        return self.context_stride if self.context == "anchored" else 1

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "PipelineConfig":
        """Options by name; `compat` is None or one of `COMPAT_NAMES`.

        Raises   ConfigError for an unknown option, or a value that is wrong
        """
        return read_fields(cls, Settings(options, "options"))
