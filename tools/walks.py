"""The files that a reader opens to follow one value from its file to a vertex: a word, a film frame, a second of sound.

    python -m tools.walks            # prints the three walks; exit code 1 where one is too long or goes back
    python -m tools.walks --write    # puts them into docs/architecture.md as well

Each walk is a real run on tiny random models with the reference kernels and no cache, watched call by call: first
`get_events`, then `predict` of the rows in question.

A file counts when one of its functions is called on the way. A table that only names functions (`kernel_set.py`,
`extractors/catalogue.py`) does not: the page says who calls the function that it names. Four kinds of files do not
count either, each listed here with its reason, and each counted on the page:
- files that CARRY the run: without them the numbers would be the same (progress, records, cache, settings, checks);
- files that are reached only by what is done ASIDE: a model is loaded, an option looked up, a cache key made;
- files behind a DOOR: a public function that answers a question about the stimulus, and whose docstring is enough to
  read on. The door's own file counts, and nothing behind it may be called from elsewhere on the walk;
- files for what stands BESIDE the value: the sound in which the words are heard.

A walk goes back when a function that was not met before is called in a file that was left. A file is left when it is
off the call stack and another one is opened. A DICTIONARY, in which words are looked up in any order, is never left,
nor is the file of a door, which holds what the door gives. Where one function of a file is looked up (a RULE), the file
is not opened by that: it stands on the page where more of it is read.
"""

import ast
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType

import numpy as np
import soundfile

from tools.page import placed
from tribe_np.media.ffmpeg import file_url, run_ffmpeg
from tribe_np.pipeline.demo import write_models
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Events

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
PRODUCT = ("tribe_np/", "extractors/")
MOST = 25  # files of a walk
SHOWN = 3  # functions of a file
CALLED = re.compile(r"\.__(init|post_init|call|iter|len|getitem)__$")  # what a reader sees is the name before it
SENTENCE = re.compile(r"(.+?)\.(?: [A-Z]|$)")

CARRY = {
    "tribe_np/errors.py": "what is said when something is wrong",
    "tribe_np/shown.py": "how a text is shown in a message",
    "tribe_np/card.py": "how an object is shown in a notebook",
    "tribe_np/optional.py": "imports a package of an extra",
    "tribe_np/backend.py": "which array module: NumPy here, and SciPy's erf",
    "tribe_np/files/": "files that are whole, small, or not what their name says",
    "tribe_np/machine/": "memory and threads of this machine",
    "tribe_np/runtime.py": "precision, device and kernels of a run: casts, and moves to the device",
    "tribe_np/formats/": "bytes of weights and of cache entries",
    "tribe_np/nn/context.py": "hands on kernels and tap; a tap changes nothing",
    "tribe_np/nn/stages.py": "names the stages for who listens; a tap changes nothing",
    "tribe_np/pipeline/seen_tables.py": "shows events and windows to who listens",
    "tribe_np/nn/scores.py": "hands attention to its kernel; shows the scores to who asks",
    "tribe_np/encoder/inputs.py": "refuses features that do not fit the checkpoint; others pass, as (B, G, F, T)",
    "tribe_np/media/child_signals.py": "which signals a child hears",
    "tribe_np/media/ffmpeg.py": "starts and ends ffmpeg; its arguments are made in media/film",
    "tribe_np/settings.py": "settings",
    "tribe_np/pipeline/config.py": "settings",
    "tribe_np/pipeline/options.py": "settings",
    "tribe_np/pipeline/costs/": "memory and time, estimated before the run",
    "tribe_np/pipeline/progress.py": "progress",
    "tribe_np/pipeline/branches.py": "which modalities were asked for",
    "tribe_np/pipeline/features/shown_pictures.py": "what differs where a row is a picture and no film",
    "tribe_np/pipeline/resolve.py": "where models lie on this machine",
    "tribe_np/pipeline/run_record.py": "what run.json says",
    "tribe_np/pipeline/stimuli/stimulus.py": "refuses anything but a stimulus",
    "tribe_np/pipeline/stimuli/media_rows.py": "makes a row of what a file holds",
    "tribe_np/pipeline/stimuli/picture_rows.py": "settings of pictures",
    "tribe_np/pipeline/stimuli/word_contexts.py": "takes the steps to a context in their order",
    "tribe_np/media/pictures/kinds.py": "tells by its name that a film is no picture",
    "tribe_np/pipeline/store/": "the cache",
    "extractors/catalogue.py": "which model is whose, and which function extracts its features",
    "extractors/common/config.py": "settings",
    "extractors/common/picture_settings.py": "settings; refuses anything but a picture",
    "extractors/common/model.py": "loads a model, and each layer when it is reached",
    "extractors/vjepa2/config.py": "settings",
    "tribe_np/pipeline/features/stride.py": "leaves clips out; by default none",
}
ASIDE = {
    "write_models": "the tiny models of this tool",
    "from_pretrained": "loads a model",
    "load": "loads a model, or what the cache holds",
    "from_folder": "loads settings",
    "from_weights": "loads a layer, and what is made of its settings alone (rotary frequencies)",
    "from_dict": "loads settings",
    "check_models": "refuses a model that cannot be used",
    "check_words": "refuses words that could not be had",
    "checked": "sorts words and cuts them to their sound; those in order within it stay as they are",
    "check_run": "refuses a run that does not fit into memory",
    "last_stage": "estimates memory",
    "_tell": "estimates time, and shows how far the words are",
    "n_tokens_alone": "counts what shared passes save",
    "analyser": "settings: whose rules cut sentences",
    "note": "tells a person whose they are",
    "language_of_words": "settings: which language's rules, if the transcript does not say so itself",
    "key": "makes a key of the cache",
    "digest": "makes a part of a key",
    "warn": "tells a person what to know of the features",
    "n_groups": "the shape of features",
}
DOORS = {
    ("tribe_np/media/film/probe.py", "probe"): "What does this film hold, and when?",
    ("tribe_np/media/sound/audio.py", "audio_info"): "How long is this sound?",
    ("tribe_np/media/sound/audio.py", "read_audio"): "Which samples does it hold?",
    ("tribe_np/media/transcripts/transcript.py", "read_transcript"): "Which words are in this file, and when?",
    ("tribe_np/media/transcripts/transcript.py", "word_events"): "Which events are they?",
    ("tribe_np/timeline/contexts.py", "add_text"): "Which text do the words make?",
    ("tribe_np/timeline/contexts.py", "add_sentences"): "Where in the text is each word, and in which sentence?",
}
DICTIONARY = {
    "tribe_np/ops/": "operations, by name",
    "tribe_np/nn/": "layers, by name",
    "tribe_np/kernels/": "kernels, by name",
    "tribe_np/timeline/events.py": "what an event is, and a table of them",
}
RULES = {("tribe_np/timeline/features.py", "to_index"): "time to step: the one rounding rule"}
BESIDE = {
    "word": {
        "audio_event": "the sound has a walk of its own",
        "chunk_events": "cuts sounds and films, not words",
    },
}
BEFORE = {"word": (33, 82, 6), "frame": (33, 66, 4), "sound": (32, 60, 1)}
"""Files of the walk, files in all and ways back at commit 832cb60, by the same rule with the names of then."""
TITLES = {"word": "One word", "frame": "One film frame", "sound": "One second of sound"}


@dataclass
class Opened:
    """One file on the way."""

    path: str
    caller: str = ""  # the file on the way that first calls it
    entered: list[str] = field(default_factory=list)  # functions that other files call, in order
    met: set[CodeType] = field(default_factory=set)


@dataclass
class Walk:
    """What was called between a file and a vertex."""

    kind: str
    files: dict[str, Opened] = field(default_factory=dict)  # that count, in the order in which they are opened
    behind: dict[str, set[str]] = field(default_factory=dict)  # door's file -> files behind it
    carriers: set[str] = field(default_factory=set)
    aside: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)
    jumps: list[str] = field(default_factory=list)

    @property
    def others(self) -> dict[str, set[str]]:
        """The files that do not count, by the reason; each once."""
        heaps = {
            "behind doors": set().union(*self.behind.values()), "that carry the run": self.carriers,
            "for what is done on the side": self.aside, "for what accompanies the value": self.beside,
        }  # fmt: skip
        seen, found = set(self.files), {}
        for reason, files in heaps.items():
            found[reason] = files - seen
            seen |= files
        return found

    @property
    def n_all(self) -> int:
        """Every file in which anything was called."""
        return len(self.files) + sum(map(len, self.others.values()))

    @property
    def faults(self) -> list[str]:
        """What is wrong with the walk, in sentences."""
        found = [f"{self.kind}: goes back to {jump}" for jump in self.jumps]
        if len(self.files) > MOST:
            found.append(f"{self.kind}: {len(self.files)} files, at most {MOST} are wanted")
        for door, files in self.behind.items():
            both = {path for path in files & set(self.files) if not starts(path, DICTIONARY)} - {door}
            found += [f"{self.kind}: {path} lies behind the door {door} and on the way" for path in sorted(both)]
        return found


class Watch:
    """Sorts every call of a run into its walk; `sys.setprofile` calls it."""

    def __init__(self, kind: str) -> None:
        self.walk = Walk(kind)
        self.stack: list[tuple[str, set[str] | None]] = []  # (file, where files beneath belong: None, on the way)
        self.read: set[str] = set()  # files of which more is read than a word that was looked up
        self.left: set[str] = set()
        self.paused: set[FrameType] = set()  # generators: where one goes on, its file was never left

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        """See sys.setprofile."""
        if event == "return" and self.stack:
            self.stack.pop()
            if frame.f_code.co_flags & CO_GENERATOR:
                self.paused.add(frame)
        elif event == "call":
            path = own_path(frame.f_code.co_filename)
            caller, heap = self.stack[-1] if self.stack else ("", None)
            if not path:
                path = caller  # of another package: what it calls is called for us
            elif heap is not None:
                heap.add(path)
            else:
                heap = self.heap_of(path, frame.f_code)
                if heap is None or is_door(path, frame.f_code):
                    if frame in self.paused:
                        self.left.discard(path)
                    self.open(path, frame.f_code, caller)
            self.stack.append((path, heap))

    def heap_of(self, path: str, code: CodeType) -> set[str] | None:
        """Where the files beneath a call belong; None where they are on the way."""
        if code.co_name in ASIDE:
            return self.walk.aside
        if code.co_name in BESIDE.get(self.walk.kind, {}):
            return self.walk.beside
        if is_door(path, code):
            return self.walk.behind.setdefault(path, set())
        return None

    def open(self, path: str, code: CodeType, caller: str) -> None:
        """Notes a function on the way."""
        walk, name = self.walk, code.co_qualname
        if starts(path, CARRY):
            walk.carriers.add(path)
            return
        if (path, name) in RULES:
            return
        if path not in walk.files:
            above = (on for on, _ in reversed(self.stack) if on in walk.files)
            walk.files[path] = Opened(path, next(above, ""))
        opened = walk.files[path]
        if code in opened.met or "<" in name:  # what is made within a function is read with it
            return
        opened.met.add(code)
        if not starts(path, [*DICTIONARY, *(door for door, _ in DOORS)]):
            if path not in self.read:
                self.left |= self.read - {on for on, _ in self.stack}
                self.read.add(path)
            elif path in self.left:
                self.left.remove(path)
                walk.jumps.append(f"{path} for {name}, called in {caller}")
        called = CALLED.sub("", name)
        if caller != path and called not in opened.entered:
            opened.entered.append(called)


def is_door(path: str, code: CodeType) -> bool:
    """Whether a function is one of the doors."""
    return (path, code.co_qualname) in DOORS


def own_path(filename: str) -> str:
    """A file of the product, from the root on; "" for any other."""
    path = filename.removeprefix(f"{ROOT}/")
    return path if path.startswith(PRODUCT) else ""


def starts(path: str, prefixes: Iterable[str]) -> bool:
    """Whether a path begins with one of several."""
    return path.startswith(tuple(prefixes))


@contextmanager
def watched(kind: str) -> Iterator[Walk]:
    """The walk of what runs inside the block, known when it ends."""
    watch = Watch(kind)
    sys.setprofile(watch)
    try:
        yield watch.walk
    finally:
        sys.setprofile(None)


def write_stimuli(folder: Path) -> dict[str, dict[str, Path]]:
    """A film, a sound, and words beside a sound: the arguments of `get_events`."""
    film, sound, table = folder / "film.mp4", folder / "sound.wav", folder / "words.json"
    source = ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=24:duration=2"]
    run_ffmpeg([*source, "-pix_fmt", "yuv420p", "-y", file_url(film)], path_for_errors=film)
    soundfile.write(sound, 0.1 * np.sin(np.arange(2 * 16000) * 0.05), 16000, subtype="PCM_16")
    words = ["A", "red", "balloon", "drifts", "over", "the", "old", "town.", "Where", "does", "it", "go?"]
    rows = [
        f'{{"word": "{word}", "start": {n * 0.15:.2f}, "end": {n * 0.15 + 0.1:.2f}}}' for n, word in enumerate(words)
    ]
    table.write_text(f'{{"language": "en", "segments": [{{"words": [{", ".join(rows)}]}}]}}', encoding="utf-8")
    return {
        "word": {"audio_path": sound, "transcript": table},
        "frame": {"video_path": film},
        "sound": {"audio_path": sound},
    }


def all_walks() -> list[Walk]:
    """The three walks, by running them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_models(folder / "models", seed=0, step=lambda _: None)
        stimuli = write_stimuli(folder)
        model = TribeModel.from_pretrained(
            folder / "models" / "encoder", models=folder / "models", cache_folder=False, device="cpu",
            config_update={"tribe_np.kernels": "reference"},
        )  # fmt: skip
        return [walk_of(model, kind, stimuli[kind]) for kind in TITLES]


def walk_of(model: TribeModel, kind: str, stimulus: Mapping[str, Path]) -> Walk:
    """The walk of one kind of value."""
    with watched(kind) as walk:
        events = model.get_events(**stimulus, speech=kind == "word")
        if kind == "word":
            events = Events(event for event in events if event.type == "Word")
        model.predict(events, verbose=False)
    return walk


def clause(path: str) -> str:
    """What a file says of itself: the first sentence of its docstring."""
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    found = SENTENCE.match(paragraph)
    return found[1] if found else paragraph


def shown(walk: Walk) -> str:
    """A walk as it stands on the page."""
    others = {reason: len(files) for reason, files in walk.others.items() if files}
    listed = ", ".join(f"{n} {reason}" for reason, n in others.items())
    lines = [
        f"### {TITLES[walk.kind]}: {len(walk.files)} files", "",
        f"Not counted: {listed}; {walk.n_all} in all.", "",
        "| | file | called from | read there | what happens |", "|---|---|---|---|---|",
    ]  # fmt: skip
    numbers = {path: number for number, path in enumerate(walk.files, 1)}
    for path, opened in walk.files.items():
        names = ", ".join(f"`{name}`" for name in opened.entered[:SHOWN])
        more = f" and {len(opened.entered) - SHOWN} more" if len(opened.entered) > SHOWN else ""
        lines.append(
            f"| {numbers[path]} | `{path}` | {numbers.get(opened.caller, '')} | {names}{more} | {clause(path)} |"
        )
    return "\n".join(lines) + "\n"


def shown_doors(walks: list[Walk]) -> str:
    """The doors of all walks, with the question that each answers and how many files lie behind."""
    lines = ["| file | door | question | files behind |", "|---|---|---|---|"]
    for path in dict.fromkeys(path for path, _ in DOORS):
        doors = {name: question for (at, name), question in DOORS.items() if at == path}
        behind = max((len(walk.behind[path] - {path}) for walk in walks if path in walk.behind), default=0)
        names = "<br>".join(f"`{name}`" for name in doors)
        lines.append(f"| `{path}` | {names} | {'<br>'.join(doors.values())} | {behind} |")
    return "\n".join(lines) + "\n"


def summary(walks: list[Walk]) -> str:
    """The lengths of the walks, now and before the rooms were put in order."""
    lines = ["| | at commit 832cb60 | now |", "|---|---|---|"]
    for walk in walks:
        cells = []
        for n, n_all, n_back in (BEFORE[walk.kind], (len(walk.files), walk.n_all, len(walk.jumps))):
            back = {0: "never goes back", 1: "goes back once"}.get(n_back, f"goes back {n_back} times")
            cells.append(f"{n} files of {n_all} in all; {back}")
        lines.append(f"| {TITLES[walk.kind].lower()} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def section(walks: list[Walk]) -> str:
    """What the tool says of all walks."""
    return "\n".join([summary(walks), *map(shown, walks), "### The doors\n", shown_doors(walks)])


def page_with(walks: list[Walk], page: str) -> str:
    """The page with these walks in it."""
    return placed(page, "walks", section(walks).rstrip())


def main() -> int:
    """Prints the walks; 1 where one is too long or goes back."""
    walks = all_walks()
    print(section(walks))
    if "--write" in sys.argv[1:]:
        PAGE.write_text(page_with(walks, PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    faults = [fault for walk in walks for fault in walk.faults]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
