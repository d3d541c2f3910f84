"""English words that are cut, or kept whole, against the general rules: contractions, abbreviations, clock times."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import product
from string import ascii_lowercase

Parts = tuple[str, ...]


def _words(text: str) -> Parts:
    return tuple(text.split())


NOT_CUT = frozenset(_words("ill its hell shell shed were well whore"))  # words of their own without the apostrophe
PRONOUNS = _words("i you he she it we they")
QUESTION_WORDS = _words("who what when where why how there that this")
POINTING_PLURALS = _words("these those")
NEGATED_WITH_HAVE = _words("ca could do does did had may might must need ought sha should wo would")
NEGATED = _words("ai are is was were have has dare")
WITH_HAVE = _words("could might must should would")
ODD = _words(
    "how|'d|'y not|'ve not|ve can|not gon|na got|ta let|'s c'm|on i|'m|a i|m|a"  # cut at the bars
)
WHOLE = _words(
    "em 'em ll 'll nuff 'nuff 's 'S ‘s ‘S 're 'd ' '' 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout "
    "and/or w/o ma'am Ma'am o'clock O'clock — C++"
)
DROPPED_G = _words("doin goin nothin nuthin ol somethin lovin havin")
STATES = _words(
    "Ak Ala Ariz Ark Calif Colo Conn Del Fla Ga Ia Id Ill Ind Kan Kans Ky La Mass Md Mich Minn Miss Mo Mont N.C N.D "
    "N.H N.J N.M N.Y Neb Nebr Nev Okla Ore Pa S.C Tenn Va Wash Wis D.C"
)
MONTHS = _words("Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec")
TITLES = _words("Adm Dr Gen Gov Jr Messrs Mr Mrs Ms Ph.D Prof Rep Rev Sen St Mt")
OTHER_SHORT = _words("a.m p.m Bros co Co Corp Inc Ltd e.g E.g E.G i.e I.e I.E vs v.s")
# words that no sentence ends with, whatever follows: titles, references, Latin
UNFINISHED = frozenset(_words(
    "mr mrs ms dr prof rev gen gov sen rep adm capt cpt lt col sgt maj cmdr hon st mt messrs mme mlle pres supt insp "
    "geo wm jas thos chas e.g i.e cf ed eds al ca approx incl esp resp viz vs v.s op univ dept fig figs pp"
))  # fmt: skip
UNFINISHED_BEFORE_NUMBERS = frozenset(
    (*_words("no nos vol vols p ch chap sec sect par para art eq tab ref"), *map(str.lower, MONTHS))
)
SENTENCE_OPENERS = frozenset(_words(
    "The A An This That These Those He She It They We I You His Her Its Their Our My Your There Here In On At By For "
    "From With After Before Since When While If Although Because As But And Or So Yet Then Now What Who Where Why How "
    "Which No Not Nobody Nothing Everybody Everyone Everything Some Many Most Both All Each Others Another One Once "
    "Is Are Was Were Do Does Did Can Could Will Would Should Let Please See Yes Well Later Meanwhile However "
    "Afterwards Today Tomorrow Yesterday Even Only Still Also To Of Such"
))  # fmt: skip

ABBREVIATIONS = {
    "fr": _words(
        "M. MM. Mlle. Mme. Dr. Mr. No. St. Ste. Vol. apr. av. cf. etc. janv. févr. avr. juill. sept. oct. nov. déc."
    ),
    "es": _words(
        "Sr. Sra. Srta. Dr. Dra. Prof. Profa. Ud. Uds. Vd. Vds. Av. Avda. Cía. EE.UU. Gral. Ing. Lic. P.D. "
        "S.A. S.L. a.C. d.C. J.C. a.m. p.m. aprox. ej. etc. fig. núm. p.ej. pág. vol."
    ),
    "nl": _words(
        "Dr. dr. Drs. drs. Dhr. dhr. Mevr. mevr. Mr. mr. Mw. mw. Prof. prof. a.u.b. bijv. bv. ca. d.w.z. enz. "
        "etc. i.p.v. m.a.w. m.b.t. nl. nr. o.a. t.o.v. vgl."
    ),
    "de": _words(
        "Dr. Fr. Frl. Hr. Hrn. Prof. Abs. Bd. Mio. Mrd. Nr. Str. Tel. Jan. Feb. Apr. Aug. Sept. Okt. Nov. "
        "Dez. bzw. bspw. ca. d.h. etc. evtl. geb. ggf. inkl. o.ä. s.o. sog. u.a. usf. usw. vgl. z.B. z.T."
    ),
    "it": _words("Dott. Dr. Prof. prof. Avv. avv. Art. art. a.C. d.C. ecc. etc. pag. s.p.a. tel."),
    "pt": _words("Dr. Dra. Sr. sr. Sra. sra. Prof. Av. av. Cia. art. dr. etc. pag. pág. tel."),
}


@lru_cache(maxsize=8)
def exceptions(language: str) -> Mapping[str, Parts]:
    """The parts of every exception; one part for a word that stays whole.

    Numerics "en" is complete; other languages have their common abbreviations and no contractions
    Source   English grammar; which words have an entry follows spaCy 3.8 lang/en/tokenizer_exceptions.py
    """
    found: dict[str, Parts] = {f"{letter}.": (f"{letter}.",) for letter in (*ascii_lowercase, *"äöü")}
    found |= {f"°{unit}.": ("°", unit, ".") for unit in "cfkCFK"}
    found["''"], found["'"] = ("''",), ("'",)
    found |= {word: (word,) for word in ABBREVIATIONS.get(language, ())}
    if language != "en":
        return found
    for parts in _contractions():
        for cased in (parts, (parts[0].capitalize(), *parts[1:])):
            if "".join(cased).lower() not in NOT_CUT:
                found["".join(cased)] = cased
    found |= {"y'all": ("y'", "all"), "yall": ("y", "all")}
    found |= {f"{hour}{half}": (str(hour), half) for hour in range(1, 13) for half in ("a.m.", "am", "p.m.", "pm")}
    whole = [*WHOLE, *(f"{short}." for short in (*STATES, *MONTHS, *TITLES, *OTHER_SHORT))]
    whole += [cased + end for word in DROPPED_G for cased in (word, word.title()) for end in ("", "'")]
    found |= {word: (word,) for word in whole}
    curly = {word.replace("'", "’"): tuple(part.replace("'", "’") for part in parts) for word, parts in found.items()}
    return curly | found


def _contractions() -> Iterator[Parts]:
    """Every contraction, with and without its apostrophes, in lower case."""
    plural = ("i", "you", "we", "they", *(w for w in QUESTION_WORDS if w not in ("that", "this")), *POINTING_PLURALS)
    singular = ("he", "she", "it", *QUESTION_WORDS)
    subjects = (*PRONOUNS, *QUESTION_WORDS, *POINTING_PLURALS)
    yield from _with_and_without(product(subjects, ("'ll", "'d")))
    yield from _with_and_without(product(subjects, ("'ll", "'d"), ("'ve",)))
    yield from _with_and_without(product((*plural, *WITH_HAVE), ("'ve",)))
    yield from _with_and_without((word, "'re") for word in plural if word != "i")
    yield from _with_and_without(product(singular, ("'s",)))
    yield from _with_and_without([("i", "'m")])
    yield from _with_and_without(product((*NEGATED_WITH_HAVE, *NEGATED), ("n't",)))
    yield from _with_and_without(product(NEGATED_WITH_HAVE, ("n't",), ("'ve",)))
    yield from (tuple(word.split("|")) for word in ODD)


def _with_and_without(contractions: Iterable[Parts]) -> Iterator[Parts]:
    for parts in contractions:
        yield parts
        yield tuple(part.replace("'", "") for part in parts)
