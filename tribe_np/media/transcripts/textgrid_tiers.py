"""Which tiers of a TextGrid hold the words: by the names that aligners and people give them, then by what is in them.

words       words, word, tokens, mots, Wörter, "Ann - words" (MFA, FAVE), word (P2FA, LaBB-CAT), ORT-MAU (WebMAUS),
            TokensAlign (SPPAS), words (Gentle, EasyAlign, Prosogram)
utterances  utterances, sentences, text, transcript, ortho, TRN, IPU: taken where no tier of words holds anything
phones      phones, phonemes, segments, MAU, KAN-MAU, PhonAlign, PhnTokAlign, syllables: never taken
others      comments, notes, translation, gloss, tones, breaks, part of speech, ...: never taken for words
any other   a tier without a known name (often that of a speaker) is taken where nothing better holds anything
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

WORDS = (
    "words?|wordalign|orth|tokens?|tokensalign|tokens_?align|mots?|palabras?|w[öo]rter|wort|parole|parola|palavras?|ort|"
    "ort-mau"
)
UTTERANCES = (
    "utterances?|utts?|sentences?|phrases?|text|texte|transcripts?|transcriptions?|ortho|orthography|"
    "transcription_orthographique|orthographic|trn|trn-mau|trs|ipus?|turns?|speech|speaker|segmentation|lines?"
)
PHONES = (
    "phones?|phon|phonemes?|phonetic|phonology|phono|phonalign|phntokalign|phns?|segments?|segs?|sounds?|mau|kan|kan-mau|kas|"
    "kas-mau|mas|mas-mau|syll?|syllables?|syllabes?|syllalign|syllclassalign|syllstructalign|sampa|ipa|monophones|triphones"
)
OTHERS = (
    "comments?|notes?|remarks?|translations?|gloss(?:es)?|pos|lemmas?|tones?|tobi|breaks?|break_?index|misc|"
    "activity|activityduration|silences?|sil|noise|events?|gestures?|momel|intsint|pitch|f0|intensity|stress|accents?|music|"
    "laughter|metadata|info"
)
KINDS = tuple(
    (kind, re.compile(names, re.IGNORECASE))
    for kind, names in (("words", WORDS), ("utterances", UTTERANCES), ("phones", PHONES), ("others", OTHERS))
)
ARPABET = re.compile(
    "(?:AA|AE|AH|AO|AW|AX|AXR|AY|EH|ER|EY|IH|IX|IY|OW|OY|UH|UW|UX)[012]?|B|CH|D|DH|DX|EL|EM|EN|F|G|HH|HV|JH|K|L|M|N|NG|NX|P|Q|R|S|SH|"
    "T|TH|V|W|WH|Y|Z|ZH", re.IGNORECASE,
)  # fmt: skip
IPA = re.compile("[ɐ-ʯˈˌːˑθðŋ@]|[aeiou]:|^[a-zA-Z0-9]{1,2}[:~]$|^[{}269&VQNSZTD]$")
FEW = 4  # labels; fewer say nothing about a tier
MOST = 0.8
HALF = 0.5
LATEST, LONGEST = 1e6, 60  # seconds: of a start, and of an interval as far as it is looked at
SOME = 0.25  # of the sounds of a text in IPA or SAMPA are written with another character than a letter


@dataclass(frozen=True)
class Interval:
    """One labelled stretch of a tier, in seconds, with its line in the file."""

    line: int
    start: float
    stop: float
    label: str


@dataclass(frozen=True)
class Tier:
    """A tier of intervals as it is in the file."""

    name: str
    intervals: tuple[Interval, ...]

    @property
    def labels(self) -> list[str]:
        """The labels that are not empty."""
        return [label for interval in self.intervals if (label := interval.label.strip())]

    @property
    def kind(self) -> str:
        """`words`, `utterances`, `phones`, `others`, or "" for a name that says nothing."""
        return kind_and_speaker(self.name)[0]

    @property
    def looks_phonetic(self) -> bool:
        """Whether nearly all labels are single speech sounds in ARPABET, IPA or SAMPA."""
        labels = self.labels
        if len(labels) < FEW or sum(len(label) <= 3 for label in labels) < MOST * len(labels):
            return False
        in_arpabet = sum(ARPABET.fullmatch(label) is not None for label in labels)
        in_ipa = sum(IPA.search(label) is not None for label in labels)
        return in_arpabet >= MOST * len(labels) or in_ipa >= SOME * len(labels)


def kind_and_speaker(name: str) -> tuple[str, str]:
    """The kind of a tier by its name or a part of it, and the rest: "Ann - words", "phones_Bo", "A/ortho"."""
    whole = re.sub(r"\s*\d+$", "", name.strip())
    by_dash = re.split(r"\s+-\s+|\s*[/:|]\s*", whole)
    by_word = re.split(r"[\s_\-.()\[\]]+", whole)
    for candidate in (name.strip(), whole, *reversed(by_dash), *reversed(by_word)):
        for kind, names in KINDS:
            if names.fullmatch(candidate):
                return kind, name.replace(candidate, "", 1).strip(" -_/:|.()[]")
    return "", name


def chosen(tiers: Sequence[Tier]) -> list[Tier]:
    """The tiers that are read for words, in the file's order; none where there is nothing but phones and remarks."""
    filled = [tier for tier in tiers if tier.labels]
    for kind in ("words", "utterances", ""):
        found = [tier for tier in filled if tier.kind == kind and not (kind != "words" and tier.looks_phonetic)]
        if found:
            return _apart(found)
    return []


def _apart(tiers: Sequence[Tier]) -> list[Tier]:
    """Without tiers that say the same as a finer one, or that are cut at the same times: a gloss below a text."""
    kept: list[Tier] = []
    for tier in sorted(tiers, key=lambda tier: -len(tier.labels)):
        if not any(_are_one(tier, other) for other in kept):
            kept.append(tier)
    return [tier for tier in tiers if tier in kept]


def _are_one(tier: Tier, other: Tier) -> bool:
    """Whether two tiers are about the same speech; two speakers may well say the same."""
    (kind, speaker), (_, other_speaker) = kind_and_speaker(tier.name), kind_and_speaker(other.name)
    if kind and speaker and other_speaker and speaker != other_speaker:
        return False
    return _share_said(tier, other) > HALF or _share_cut(tier, other) > HALF


def _share_said(tier: Tier, other: Tier) -> float:
    """How many of the words of a tier the other one has, too, in the same seconds."""
    seconds = {(second, word) for i in other.intervals for word in i.label.lower().split() for second in _seconds(i)}
    found = [
        any((second, word) in seconds for second in _seconds(interval))
        for interval in tier.intervals
        for word in interval.label.lower().split()
    ]
    return sum(found) / max(1, len(found))


def _seconds(interval: Interval) -> range:
    start = int(min(max(interval.start, 0.0), LATEST))
    return range(start, int(min(max(interval.stop, start), start + LONGEST)) + 1)


def _share_cut(tier: Tier, other: Tier) -> float:
    """How many of the intervals of a tier the other one has, too; 0 where they are too few to tell."""
    mine, theirs = ({(i.start, i.stop) for i in t.intervals if i.label.strip()} for t in (tier, other))
    return len(mine & theirs) / len(mine) if len(mine) >= FEW else 0.0
