"""Random transcripts: ordinary ones, and ones dense in what tokenizers disagree about."""

import random


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PLAIN_WORDS = _split(
    "the a of to and in that it was he she for on are with they at be this have from or one had by word but not what "
    "all were we when your can said there use an each which do how their if will up other about out many then them "
    "Bob Paris London Anna John café naïve œuvre Zürich I I I Monday well-known mother-in-law up-to-date 1999 12 3.5 "
    "2,000 10:30 42 7 100 I'm I'll don't can't it's that's we've they're he'd wouldn't let's who's you'll John's "
    "gonna cannot Mr. Dr. U.S. e.g. St. o'clock"
)
PLAIN_ENDS = ("",) * 14 + (",", ",", ";", ":", ".", ".", ".", "?", "!")
HARD_WORDS = _split(
    "$5.50 50% #1 R&D AT&T and/or x=y a+b C++ 5kg 10km 3pm 9a.m. i.e. U.K. Ph.D. A.B. No. vs. etc. 1st 80s 1/2 @home "
    "state-of-the-art rock'n'roll 'em 'cause goin' y'all that'll should've I'd've he'd've 20°C €30 100£ me@site.org "
    "www.site.com so-called jack-o'-lantern 1990-1995 one--two word...word naïve—so end.Next The.end a,b - – — -- ... "
    "… & / * ? ! \" ( ) ' ’ I’m don’t it’s"
)
HARD_FRAMES = (
    "({})", "[{}]", "“{}”", "‘{}’", "'{}'", "({}", "{})", "“{}", "{}”", "'{}", "{}'", "{}...", "...{}", "{}—", "—{}",
    "{}…", "{}-", "-{}", "{}.)", "{}.”", "{}?!", "{}?)", "{}!”", "{},”", "{}’s", "({}),", "{}:", "«{}»", "{}--",
)  # fmt: skip


RANDOM_CHARACTERS = "abcdeinstmlvDEIMNS0129.,;:!?'’\"“”()[]<>-–—…$€%&/*#@+=~^_|éßœİ日本。🙂°²"


def plain_text(seed: int, n_words: int = 60) -> list[str]:
    """Words of letters, contractions, numbers, abbreviations and ordinary punctuation."""
    draw = random.Random(seed)
    words = []
    for _ in range(n_words):
        end = draw.choice(PLAIN_ENDS)
        word = draw.choice(PLAIN_WORDS)
        words.append(word if word.endswith(".") and end == "." else word + end)
    return words


def hard_text(seed: int, n_words: int = 60) -> list[str]:
    """The same dense in brackets, quotes, dashes, "..." and symbols: about half of the words carry one."""
    draw = random.Random(seed)
    words = []
    for word in plain_text(seed + 1_000_000, n_words):
        kind = draw.random()
        if kind < 0.25:
            word = draw.choice(HARD_FRAMES).format(word)
        elif kind < 0.35:
            word = draw.choice(HARD_WORDS)
        elif kind < 0.45:
            word = draw.choice(HARD_FRAMES).format(draw.choice(HARD_WORDS))
        words.append(word)
    return words


def random_text(seed: int, n_words: int = 60) -> list[str]:
    """Half plain words, half strings of random letters, digits, marks and symbols: no speech is like this."""
    draw = random.Random(seed)
    return [
        "".join(draw.choice(RANDOM_CHARACTERS) for _ in range(draw.randint(1, 7))) if draw.random() < 0.5 else word
        for word in plain_text(seed + 2_000_000, n_words)
    ]


TEXTS = {"plain": plain_text, "hard": hard_text, "random": random_text}
