"""Names of stimuli: unique in a study, the same in any order of the list, and good as a folder's name on any disk.

A name is the file's, without its suffix. Where several are equal, what differs is added to each of them: the folder,
the suffix, the subject and so on. Two names are equal where some disk takes them for one: in capital letters, or
composed otherwise (macOS, Windows).
"""

import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted, some_of

MOST_BYTES = 200  # of 255: a folder that is being written has a longer name
DIGEST_DIGITS = (8, 16, 64)
FORBIDDEN = re.compile(r'[<>:"/\\|?*]')  # by Windows, and some network disks
RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)  # Windows' devices
EDGES, START = " .", " .-~"  # what a name does not end with; nor start
NAMELESS = "stimulus"

Listed = Sequence[ListedStimulus]


def safe_name(text: str) -> str:
    """The text as the name of a folder on every disk, as near to it as can be.

    >>> safe_name("../what?"), safe_name("-v"), safe_name("con.mp4")
    ('_what_', 'v', '_con.mp4')
    """
    composed = unicodedata.normalize("NFC", text)
    plain = "".join(c if c.isprintable() else "_" for c in FORBIDDEN.sub("_", composed))
    name = plain.lstrip(START).rstrip(EDGES) or NAMELESS
    name = f"_{name}" if RESERVED.match(name) else name
    if len(name.encode()) <= MOST_BYTES:
        return name
    end = f"_{_digits(name, DIGEST_DIGITS[0])}"
    return name.encode()[: MOST_BYTES - len(end)].decode(errors="ignore").rstrip(EDGES) + end


def folded(name: str) -> str:
    """What is equal for two names that some disk takes for one."""
    capitals = unicodedata.normalize("NFKC", name).upper()  # NTFS compares capitals
    return unicodedata.normalize("NFKC", capitals.casefold())


def named_stimuli(listed: Listed) -> tuple[list[ListedStimulus], list[str]]:
    """Each with its name, in the same order, and what is to be said of the names; a name that is there was asked for.

    Raises   ConfigError for a name that was asked for twice, or cannot be a folder's
    """
    _check_asked(listed)
    names = {number: one.name for number, one in enumerate(listed) if one.name}
    groups = defaultdict(list)
    for number, one in enumerate(listed):
        if number not in names:
            groups[folded(one.path.stem)].append(number)
    told_apart = list[str]()
    for numbers in groups.values():
        texts = _texts([listed[number] for number in numbers])
        names.update(zip(numbers, map(safe_name, texts), strict=True))
        if len({_identity(listed[number]) for number in numbers}) > 1:
            told_apart += [names[number] for number in numbers]
    _part_chance_meetings(listed, names)
    named = [replace(one, name=names[number]) for number, one in enumerate(listed)]
    return named, [*_notes(listed, named, told_apart)]


def _check_asked(listed: Listed) -> None:
    first: dict[str, ListedStimulus] = {}
    for one in listed:
        if not one.name:
            continue
        composed = unicodedata.normalize("NFC", one.name)
        if safe_name(composed) != composed:
            raise ConfigError(
                f"{one.at}: the name {quoted(one.name)} cannot be a folder's on every disk; "
                f"{quoted(safe_name(composed))} can"
            )
        earlier = first.setdefault(folded(one.name), one)
        if earlier is not one:
            where = f"line {earlier.line}" if earlier.table == one.table else earlier.at
            other = f"{quoted(earlier.name)} of {where} are one folder on some disks"
            same = f"is that of {where} too" if earlier.name == one.name else f"and {other}"
            raise ConfigError(f"{one.at}: the name {quoted(one.name)} {same}; a name belongs to one stimulus")


def _texts(group: Listed) -> list[str]:
    """What to call the stimuli of one stem: the stem, and of what differs as much as tells them apart."""
    keys: list[tuple[str, ...]] = [(folded(one.path.stem),) for one in group]
    before, after = [""] * len(group), [""] * len(group)
    if len(group) > 1:
        depth = _depth(group)
        if depth:
            before = _folders([one.path.parent.parts[-depth:] for one in group])
            keys = [(*key, folded(text)) for key, text in zip(keys, before, strict=True)]
        for value in _differences(group):
            added = [value(one) for one in group]
            wider = [(*key, folded(text)) for key, text in zip(keys, added, strict=True)]
            if len(set(wider)) > len(set(keys)):
                keys = wider
                after = [f"{text}_{end}" if end else text for text, end in zip(after, added, strict=True)]
    again = _numbers(keys)
    return [
        f"{start}{one.path.stem}{end}{number}"
        for start, one, end, number in zip(before, group, after, again, strict=True)
    ]


def _depth(group: Listed) -> int:
    """How many folders above the files tell apart as many as folders can; 0 where they lie in one."""
    places = {tuple(map(folded, one.path.parent.parts)) for one in group}
    return next(depth for depth in range(max(map(len, places)) + 1) if _n_ends(places, depth) == len(places))


def _folders(places: Sequence[tuple[str, ...]]) -> list[str]:
    """The parts of each place that are not the same in all of them, as the start of a name."""
    common = [len(set(parts)) == 1 for parts in zip(*(place[::-1] for place in places), strict=False)]
    return ["".join(f"{part}_" for part, is_common in zip(place, _padded(common, place), strict=True) if not is_common)
            for place in places]  # fmt: skip


def _padded(common: Sequence[bool], place: Sequence[str]) -> list[bool]:
    """Whether each part of a place is common to all; a part that some have not is no common one."""
    return [False] * (len(place) - len(common)) + list(common[::-1])


def _n_ends(places: Iterable[tuple[str, ...]], depth: int) -> int:
    return len({place[len(place) - depth :] if depth <= len(place) else place for place in places})


def _differences(group: Listed) -> Iterator[Callable[[ListedStimulus], str]]:
    """What stimuli may differ in, beside stem and folder; a digest of it all at last."""
    yield lambda one: one.path.suffix.removeprefix(".")
    yield lambda one: one.subject or ""
    yield lambda one: one.language or ""
    yield lambda one: one.transcript.stem if one.transcript else ""
    in_order = sorted(group, key=_identity)  # so that tables may be given in any order
    for column in dict.fromkeys(name for one in in_order for name in one.columns):
        yield lambda one, column=column: one.columns.get(column, "")  # type: ignore[misc]
    yield lambda one: _digits(_identity(one), DIGEST_DIGITS[0])


def _identity(one: ListedStimulus) -> str:
    return repr((*map(str, one.settings), *sorted(one.columns.items())))


def _digits(text: str, most: int) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:most]


def _numbers(keys: Sequence[object]) -> list[str]:
    """Nothing for the first of each, then _2, _3: for stimuli that differ in nothing."""
    seen = Counter[object]()
    ends = []
    for key in keys:
        seen[key] += 1
        ends.append(f"_{seen[key]}" if seen[key] > 1 else "")
    return ends


def _part_chance_meetings(listed: Listed, names: dict[int, str]) -> None:
    """Adds a digest to names that came out equal to another's: "a b" beside a file "a_b", or one made safe."""
    for most in DIGEST_DIGITS:
        groups = defaultdict(list)
        for number, name in sorted(names.items()):
            groups[folded(name)].append(number)
        clashing = [numbers for numbers in groups.values() if len(numbers) > 1]
        for numbers in clashing:
            own = [number for number in numbers if not listed[number].name]
            again = _numbers([_identity(listed[number]) for number in own])
            for number, end in zip(own, again, strict=True):
                digits = _digits(_identity(listed[number]) + end, most)
                names[number] = safe_name(f"{names[number][: MOST_BYTES - most]}_{digits}")


def _notes(listed: Listed, named: Listed, told_apart: Sequence[str]) -> Iterator[str]:
    times: Mapping[object, int] = Counter(one.settings for one in listed)
    again = [one for one in named if times[one.settings] > 1]
    if again:
        works = len({one.settings for one in again})
        what = "1 stimulus is" if works == 1 else f"{works} stimuli are"
        yield (
            f"{what} listed more than once: computed once, and predicted under each name "
            f"({some_of([one.name for one in again])})"
        )
    if told_apart:
        yield (
            f"{len(told_apart)} stimuli share the names of their files and have longer ones, by what differs "
            f"({some_of(told_apart)})"
        )
    changed = [
        f"{one.path.name} is {one.name}"
        for one, asked in zip(named, listed, strict=True)
        if not asked.name and safe_name(one.path.stem) != unicodedata.normalize("NFC", one.path.stem)
    ]
    if changed:
        what = "1 name was" if len(changed) == 1 else f"{len(changed)} names were"
        yield f"{what} made fit for folders ({some_of(changed)})"
