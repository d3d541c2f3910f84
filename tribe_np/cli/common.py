"""Arguments that several commands share, and how they become settings.

An option that sets one of our own (`PipelineConfig`) has no default here: where it is not given it is absent, and
the default is the one that `PipelineConfig` states.
"""

import argparse
import math
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tribe_np.cli.parser import modality_names
from tribe_np.errors import ConfigError
from tribe_np.files.home import hub_cache_folder
from tribe_np.machine import allocator, threads
from tribe_np.pipeline.model_options import model_options
from tribe_np.shown import shown

if TYPE_CHECKING:
    from tribe_np.pipeline.model import TribeModel
    from tribe_np.pipeline.progress import Progress
    from tribe_np.pipeline.resolve import ModelLocations
    from tribe_np.pipeline.stimuli.stimulus import WordSource


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """How to run: quiet, threads, cache."""
    add_threads(parser)
    parser.add_argument(
        "--cache", type=path, metavar="DIR", help="folder of cached features, or 'none' (default: the user cache)"
    )
    add_quiet(parser)


def add_json(parser: argparse.ArgumentParser, what: str) -> None:
    """--json."""
    parser.add_argument(
        "--json", action="store_true", help=f'print {what} as JSON; on failure, an object {{"error": ...}}'
    )


def add_quiet(parser: argparse.ArgumentParser) -> None:
    """--quiet."""
    parser.add_argument(
        "--quiet", action="store_true", help="no progress and no library messages; warnings are still printed"
    )


def quiet_libraries() -> None:
    """Keeps Python's warnings, log lines and bars of libraries off the terminal, but not our own warnings."""
    import logging  # here: a tenth of --help

    warnings.simplefilter("ignore")
    logging.lastResort = None
    os.environ |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_VERBOSITY": "critical"}


def add_threads(parser: argparse.ArgumentParser) -> None:
    """--threads."""
    parser.add_argument(
        "--threads", type=at_least_one, metavar="N",
        help="threads for matrix products and compiled kernels (default: OMP_NUM_THREADS, or the processors that this "
        "process may use)",
    )  # fmt: skip


def add_event_arguments(parser: argparse.ArgumentParser, also: str = "") -> None:
    """How a stimulus becomes events; `also` says what else the command takes for one."""
    parser.add_argument(
        "stimulus",
        type=path,
        metavar="STIMULUS",
        help=f"a film, a sound, a .txt, a picture or a .tsv table of events{also}",
    )
    add_word_arguments(parser)
    add_reading_arguments(parser)


def add_reading_arguments(parser: argparse.ArgumentParser) -> None:
    """How words become sentences and contexts, and whether as upstream does."""
    _add_own(
        parser, "--compat", choices=["upstream", "neuralset-0.4"],
        help="reproduce the reference implementation's defects, or what it does on neuralset 0.4",
    )  # fmt: skip
    _add_own(
        parser, "--only", type=modality_names, action="extend", metavar="MODALITY",
        help=f"only {', '.join(model_options())}: one or several, separated by commas or spaces; the others are "
        "absent, not zero",
    )  # fmt: skip
    _add_own(
        parser, "--sentences", metavar="NAME",
        help="sentence splitter: builtin (default), or spacy:MODEL; spacy:en_core_web_lg gives upstream's sentences",
    )  # fmt: skip
    _add_own(
        parser, "--context", choices=["exact", "anchored"],
        help="context of each word after the 1,025th: exact (default) is the 1,024 words before it; anchored, an "
        "approximation that is far faster, is 1,024 to 1,280 words, shared by 256 words",
    )  # fmt: skip


def add_word_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the words come from, and what counts as one."""
    parser.add_argument(
        "--transcript", type=path, metavar="FILE", help="words with times: .json .tsv .srt .vtt .TextGrid"
    )
    add_recogniser_arguments(parser)
    parser.add_argument(
        "--align",
        type=path,
        metavar="FILE",
        help="the text that is spoken; the recogniser finds the times of its words",
    )
    add_shown_words(parser)


def add_recogniser_arguments(parser: argparse.ArgumentParser) -> None:
    """Who hears the words of a sound, in which language, and what counts as one."""
    parser.add_argument(
        "--transcriber",
        type=words,
        metavar="NAME",
        help='speech recogniser: faster-whisper (default where installed), whisperx, or "COMMAND {input} {output}", '
        "a program that writes whisperX JSON",
    )
    parser.add_argument(
        "--whisper-model", type=words, metavar="X", help="faster-whisper's model: a size (default: small) or a folder"
    )
    parser.add_argument("--no-speech", action="store_true", help="run without words")
    _add_own(
        parser,
        "--language",
        metavar="NAME",
        help="language of the words: a name, a code such as fr, fra or pt-BR, or detect (default: the "
        "transcript's own, otherwise detected)",
    )
    _add_own(
        parser, "--keep-non-speech", action="store_true",
        help="treat as words what nobody says in a transcript: musical notes, [door slams], (laughs), MAN:, dashes",
    )  # fmt: skip


def add_shown_words(parser: argparse.ArgumentParser) -> None:
    """How the words of a text are shown."""
    parser.add_argument(
        "--words", choices=["spoken", "direct"], default="spoken",
        help="of a text: spoken by a voice (default), or direct: shown one after another, without sound, so that code, "
        "IPA and symbols work too; a transcript gives their times",
    )  # fmt: skip
    parser.add_argument(
        "--seconds-per-word",
        type=seconds_above_0,
        metavar="S",
        help="with --words direct: how long each is shown (default: 0.45)",
    )
    parser.add_argument(
        "--seconds-per-letter", type=seconds_above_0, metavar="S", help="with --words direct: show longer words longer"
    )


def number_or_nan(text: str) -> float:
    """The number that an argument is; NaN, which no range holds, for a text that is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def seconds_above_0(text: str) -> float:
    """Seconds for which something is shown, for argparse."""
    seconds = number_or_nan(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text[:40]!r}")
    return seconds


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which models, where, and in which arithmetic."""
    parser.add_argument(
        "--checkpoint",
        type=words,
        metavar="X",
        help="folder or hub id of the brain encoder (default: facebook/tribev2)",
    )
    parser.add_argument(
        "--models", type=path, metavar="DIR", action="append",
        help="folder that holds the extractors and, without --checkpoint, encoder/ (default: TRIBE_NP_MODELS)",
    )  # fmt: skip
    for modality, option in model_options().items():
        parser.add_argument(
            option, dest=f"{modality}_model", type=path, metavar="X", help=f"folder of the {modality} extractor"
        )
    parser.add_argument("--device", type=words, default="cpu", metavar="D", help="cpu (default), cuda, cuda:1, auto")
    parser.add_argument("--precision", default="float32", choices=["float32", "float64"], help="default: float32")
    _add_own(
        parser, "--kernels", choices=["auto", "reference", "numba", "cupy"],
        help="implementations of the hot operations: the fastest installed (default), plain NumPy, or compiled ones",
    )  # fmt: skip
    _add_own(
        parser, "--video-final-norm", choices=["true", "false"], action=TrueOrFalse,
        help="whether the last V-JEPA 2 state is normalised (default: true, as the released weights were trained)",
    )  # fmt: skip
    _add_own(
        parser, "--video-stride", type=int, choices=[1, 2, 4],
        help="compute the film's features in every bin of 0.5 s (default), or in every 2nd or 4th and interpolate: an "
        "approximation, in about half or a third of the time",
    )  # fmt: skip
    _add_own(
        parser, "--no-memory-check", dest="memory_check", action="store_false",
        help="run even if the estimate says that there is too little memory",
    )  # fmt: skip


def _add_own(parser: argparse.ArgumentParser, name: str, **settings: Any) -> None:
    """An option of our own, absent where it is not given."""
    parser.add_argument(name, default=argparse.SUPPRESS, **settings)


class TrueOrFalse(argparse.Action):
    """Stores whether the choice was "true"."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None) -> None:
        """Argparse's hook."""
        setattr(namespace, self.dest, values == "true")


def at_least_one(text: str) -> int:
    """A number of threads, for argparse."""
    if not threads.is_thread_number(text):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {threads.MOST_THREADS}, got {text[:40]!r}")
    return int(text)


def words(text: str) -> str:
    """Text that is not empty, for argparse: an empty one is a shell variable that was never set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def path(text: str) -> Path:
    """A path, for argparse; an empty one would silently mean the working folder."""
    return Path(words(text))


def fix_threads(options: argparse.Namespace) -> int | None:
    """Fixes the threads of BLAS and of the compiled kernels, and gives their number; comes before NumPy is imported.

    Freed memory is kept for the next array from here on.
    """
    allocator.keep_freed_memory()
    return threads.set_threads(options.threads)


def locations(options: argparse.Namespace, *, extractors: bool = False) -> "ModelLocations":
    """Where models are looked for: options first, then TRIBE_NP_MODELS, then the hub cache (HF_HUB_CACHE, HF_HOME).

    `extractors`: whether the command has an option for each of them (`add_model_arguments`).
    """
    from tribe_np.pipeline.resolve import ModelLocations, models_folders

    given = {m: vars(options)[f"{m}_model"] for m in model_options()} if extractors else {}
    named = {m: folder for m, folder in given.items() if folder is not None}
    found = ModelLocations(named, tuple(options.models or models_folders()), hub_cache_folder())
    found.check()
    return found


def say(text: str) -> None:
    """Prints a line on standard output; what it quotes of a file or an argument cannot steer the terminal."""
    print(shown(text))


def cache_folder(options: argparse.Namespace) -> Path | bool | None:
    """The cache_folder argument of TribeModel: a folder, False for none, None for the user's."""
    if options.cache is None:
        return None
    return False if options.cache == Path("none") else options.cache


def progress(options: argparse.Namespace) -> "Progress":
    """What draws the progress."""
    from tribe_np.pipeline.progress import terminal_progress

    return terminal_progress(quiet=options.quiet)


def load_model(
    options: argparse.Namespace,
    words: "WordSource",
    shown: "Progress",
    *,
    selection: Mapping[str, object] | None = None,
) -> "TribeModel":
    """The model that the options ask for; words that could not be had are refused before it is read.

    Raises   TribeError
    """
    from tribe_np.pipeline.options import PipelineConfig
    from tribe_np.pipeline.progress import Silent
    from tribe_np.pipeline.run_record import RunRecord
    from tribe_np.pipeline.stimuli.recogniser import Recogniser, check_words
    from tribe_np.pipeline.stimuli.stimulus import open_stimulus

    config, models = PipelineConfig.from_dict(pipeline_options(options)), locations(options, extractors=True)
    models.checkpoint(options.checkpoint)  # where both are missing, the brain encoder comes first
    check_words(open_stimulus(options.stimulus, words=words), Recogniser(words, config, models, RunRecord(), Silent()))
    return open_model(options, shown, selection=selection)


def open_model(
    options: argparse.Namespace, shown: "Progress", *, selection: Mapping[str, object] | None = None
) -> "TribeModel":
    """`load_model` where the words are checked elsewhere.

    Raises   TribeError
    """
    from tribe_np.pipeline.model import TribeModel

    models = locations(options, extractors=True)
    return TribeModel.load(
        options.checkpoint,
        models,
        cache_folder=cache_folder(options),
        device=options.device,
        precision=options.precision,
        selection=selection,
        own_options=pipeline_options(options),
        progress=shown,
    )


def pipeline_options(options: argparse.Namespace) -> dict[str, object]:
    """Our own options, as far as they were given."""
    from dataclasses import fields

    from tribe_np.pipeline.options import PipelineConfig

    own = {field.name for field in fields(PipelineConfig)}
    return {name: value for name, value in vars(options).items() if name in own}


def print_warnings(found: Iterable[str]) -> None:
    """What a run has to say about its input, one line each, on standard error."""
    for warning in found:
        print(f"tribe-np: warning: {shown(warning)}", file=sys.stderr)


def print_warnings_of(run: Mapping[str, Any]) -> None:
    """The warnings of run.json, and which of its models mean nothing."""
    from tribe_np.cortex.random_weights import RANDOM

    print_warnings(run["warnings"])
    if run["random_weights"]:
        print_warnings([f"{RANDOM} ({', '.join(run['random_weights'])})"])


def print_result(options: argparse.Namespace, result: Mapping[str, object], lines: Iterable[str]) -> None:
    """The result as JSON for --json, as lines otherwise."""
    if options.json:
        import json  # here: --help does without

        print(json.dumps(result, indent=1))
    else:
        print("\n".join(map(shown, lines)))


PREDICTION_FOLDER = "a folder that predict, experiment, resample or project wrote"


def add_prediction(parser: argparse.ArgumentParser) -> None:
    """The folder that a command reads."""
    parser.add_argument("predictions", type=path, metavar="PRED", help=PREDICTION_FOLDER)


def add_parcellation(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Where names of regions are found: `options.parcellation`, a list for load_parcellation, or the default."""
    parser.add_argument(
        "--parcellation", type=words, action="append", default=default, metavar="X",
        help="where regions are found: a name such as hcp-mmp1, schaefer-400-7, destrieux, desikan or yeo-7, a folder, "
        "a file, or the files of both hemispheres (default: what TRIBE_NP_PARCELLATION names, else hcp-mmp1)",
    )  # fmt: skip


def add_mask(parser: argparse.ArgumentParser, use: str, default: str | None = None) -> None:
    """Where structures of the subcortex are found: `options.mask`, a list for load_mask, or the default."""
    parser.add_argument(
        "--mask", nargs="+", type=path, default=default, metavar="FILE",
        help=f"{use}: FSL's data/atlases, or a NIfTI file and the table of its labels (default: TRIBE_NP_SUBCORTEX, "
        "FSLDIR, or nilearn's download)",
    )  # fmt: skip


def selection(options: argparse.Namespace) -> dict[str, object] | None:
    """The vertices of the regions that --roi names, or the voxels of the structures of --structure; None selects all.

    Raises   ConfigError for a parcellation without regions, a mask without structures
    """
    if options.mask is not None and not options.structure:
        raise ConfigError("--mask names the file in which --structure is looked up; give --structure too")
    if options.parcellation is not None and not options.roi:
        raise ConfigError("--parcellation says where --roi finds its regions; give --roi too")
    if options.structure:
        return {"structure": options.structure, "mask": options.mask, "roi": options.roi}
    if not options.roi:
        return None
    return {"roi": options.roi, "parcellation": options.parcellation}


def check_places(options: argparse.Namespace) -> None:
    """Refuses a result and a cache that lie within each other, before any work.

    Raises   ConfigError
    """
    cache = cache_folder(options)
    if isinstance(cache, Path):
        out, cache = Path(os.path.realpath(options.out)), Path(os.path.realpath(cache))
        if out in (cache, *cache.parents) or {cache / "features", cache / "media"} & {out, *out.parents}:
            raise ConfigError(
                f"one of --out {options.out} and --cache {options.cache} is inside the other; keep them apart"
            )


def prepare(options: argparse.Namespace) -> int | None:
    """What every command on a stimulus does first; gives the number of threads.

    Contradictions and a stimulus that is not there are refused before any library is imported.
    Raises   ConfigError, MediaError
    """
    check_words_given(options)
    from tribe_np.pipeline.stimuli.stimulus import open_stimulus

    open_stimulus(options.stimulus, words=word_source(options))
    check_places(options)
    return fix_threads(options)


def check_words_given(options: argparse.Namespace) -> None:
    """Refuses options on words that contradict each other.

    Raises   ConfigError
    """
    recogniser = {
        "--transcriber": options.transcriber, "--whisper-model": options.whisper_model, "--align": options.align,
    }  # fmt: skip
    asked = [name for name, value in recogniser.items() if value is not None]
    if options.no_speech and (options.transcript is not None or asked):
        other = "--transcript" if options.transcript is not None else asked[0]
        raise ConfigError(f"--no-speech contradicts {other}; give only one of them")
    if options.transcript is not None and asked:
        raise ConfigError(f"--transcript and {asked[0]} contradict each other; give only one of them")
    _check_shown_words(options)


def _check_shown_words(options: argparse.Namespace) -> None:
    given = {"--seconds-per-word": options.seconds_per_word, "--seconds-per-letter": options.seconds_per_letter}
    paces = [name for name, value in given.items() if value is not None]
    if paces and options.words != "direct":
        raise ConfigError(f"{paces[0]} is for words that are shown: give --words direct too, or leave it out")
    if len(paces) == 2:
        raise ConfigError(f"{paces[0]} contradicts {paces[1]}; give only one of them")
    if paces and options.transcript is not None:
        raise ConfigError(f"{paces[0]} contradicts --transcript, which has times of its own; give only one of them")


def word_source(options: argparse.Namespace) -> "WordSource":
    """Where the words come from."""
    from tribe_np.pipeline.stimuli.stimulus import WordSource

    return WordSource(
        options.transcript, options.transcriber, not options.no_speech, options.whisper_model, options.align,
        options.words, options.seconds_per_word or WordSource.seconds_per_word, options.seconds_per_letter,
    )  # fmt: skip
