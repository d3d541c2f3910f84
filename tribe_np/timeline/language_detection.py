"""The language of a text that says nothing of it, by langdetect as upstream, with a fixed seed: the same every time."""

import unicodedata
from collections import Counter
from typing import NamedTuple

from tribe_np.errors import EventsError, MissingDependencyError
from tribe_np.optional import require
from tribe_np.timeline.languages import Language, known_language
from tribe_np.timeline.word_cuts import cut_words

SURE = 0.95  # langdetect's probability; short texts give 0.71 and the like
SCRIPTS = {  # first word of a letter's Unicode name -> the one large language that is written so
    "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "LAO": "lo", "KHMER": "km",
    "MYANMAR": "my", "GREEK": "el", "HEBREW": "he", "ARMENIAN": "hy", "GEORGIAN": "ka", "TAMIL": "ta", "TELUGU": "te",
    "KANNADA": "kn", "MALAYALAM": "ml", "GUJARATI": "gu", "GURMUKHI": "pa", "SINHALA": "si", "ORIYA": "or",
}  # fmt: skip
READ = 20_000  # characters that are enough to tell


class Detected(NamedTuple):
    """The likeliest language and its probability."""

    language: Language
    probability: float


def detect_language(text: str) -> Detected:
    """The language of a text.

    Numerics letters and n-grams only: a heading or a list of a few words may be taken for a related language. Where
             langdetect is missing, knows no answer or is not sure, a script that one language uses tells
    Raises   MissingDependencyError without langdetect; EventsError when the text gives no clue
    Source   tribev2 7239908 demo_utils.py TextToEvents (langdetect.detect, unseeded: it can vary from run to run)
    """
    by_script = detect_by_script(text)
    try:
        found = _likeliest(text)
    except (MissingDependencyError, EventsError):
        if by_script:
            return by_script
        raise
    return by_script if by_script and found.probability < SURE else found


def detect_by_script(text: str) -> Detected | None:
    """The language whose script most of a text is written in; None where the script does not tell."""
    found = known_language(_script_language(text[:READ]))
    return Detected(found, 1.0) if found else None


def _likeliest(text: str) -> Detected:
    try:
        langdetect = require("langdetect", extra="speech", why="finding the language of a text")
    except MissingDependencyError as error:
        raise MissingDependencyError(
            "detecting the language of a text needs langdetect: pip install langdetect, or name it with --language"
        ) from error
    langdetect.DetectorFactory.seed = 0
    try:
        likeliest = langdetect.detect_langs(text)[0]
    except langdetect.LangDetectException as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # it takes a Ctrl-C for a profile that it cannot read
            langdetect.detector_factory._factory = None  # which holds some languages only
            raise KeyboardInterrupt from error
        raise EventsError(f"the language of the text cannot be detected ({error}); name it with --language") from error
    found = known_language(str(likeliest.lang))
    if found is None:
        raise EventsError(f"langdetect calls the language of the text {likeliest.lang!r}; name it with --language")
    return Detected(found, float(likeliest.prob))


def _script_language(text: str) -> str:
    """The code of the language whose script most words have; "" where the script does not tell."""
    firsts = [letter for word in cut_words(text) if (letter := next(filter(str.isalpha, word), ""))]
    counts = Counter(SCRIPTS.get(unicodedata.name(letter, "").split(" ")[0].split("-")[0], "") for letter in firsts)
    if counts["ja"]:  # Japanese text has more Chinese characters than kana
        counts["ja"] += counts.pop("zh", 0)
    code, count = counts.most_common(1)[0] if counts else ("", 0)
    return code if 2 * count > len(firsts) else ""
