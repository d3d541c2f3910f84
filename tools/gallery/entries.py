"""What the gallery shows, in its order: a title, what there is to see, a command, the picture of its result."""

from dataclasses import dataclass

NAMED = "--label V1,A1,44,MT"
PARTS = {
    "Figures": "For papers: PNG, SVG or PDF, 85 mm wide (a column), 180 mm, or as wide as you like.",
    "Numbers": "For results: what [analysis.md](analysis.md) computes, as each command draws it.",
    "Films": "For talks: the stimulus with its own sound beside the cortex.",
    "The page": "For the desk: one HTML file that opens from disk and plays stimulus and cortex together.",
}


@dataclass(frozen=True)
class Entry:
    """One picture of the gallery.

    `command` is run in the working folder, where `painted` and `without-words` are prediction folders; without one, the
    result of an earlier entry is shown. `made` is the file that it makes there, `shown` the name of the picture of it:
    the file itself, a moment of a film, a page in a browser.
    Units    moment in seconds; window and width in pixels
    """

    part: str
    title: str
    about: str
    command: str
    made: str
    shown: str
    moment: float = 17.3
    window: tuple[int, int] = (1440, 900)  # of a browser
    is_dark: bool = False
    width: int | None = None  # on the gallery's page, of a narrow picture


ENTRIES = (
    Entry(
        "Figures", "One moment",
        "Second 17, with the borders of HCP-MMP1 and the names of four areas. Colours end at the 99th percentile of "
        "the whole run, and low values fade into the folds.",
        f"tribe-np plot painted --at 17 --parcellation hcp-mmp1 {NAMED} --size two --out figure.png",
        "figure.png", "figure.png",
    ),
    Entry(
        "Figures", "Four moments", "One scale for all of them, so that they can be compared.",
        "tribe-np plot painted --at 3 8 11 17 --size two --out mosaic.png", "mosaic.png", "mosaic.png",
    ),
    Entry(
        "Figures", "From all sides", "Lateral, medial, from above, below, the front and behind.",
        "tribe-np plot painted --at 17 --views lateral,medial,dorsal,ventral,anterior,posterior --size two "
        "--out six-views.png",
        "six-views.png", "six-views.png",
    ),
    Entry(
        "Figures", "Flat maps", "The whole cortex at once.",
        f"tribe-np plot painted --at 17 --views flat --parcellation hcp-mmp1 {NAMED} --size two --out flat.png",
        "flat.png", "flat.png",
    ),
    Entry(
        "Figures", "A difference", "What the words add: the same run without them is taken away.",
        "tribe-np plot painted --minus without-words --at 17 --size two --out difference.png",
        "difference.png", "difference.png",
    ),
    Entry(
        "Figures", "Three maps in one",
        "How well light (red), sound (green) and words (blue) go with each vertex. Where two meet, colours mix.",
        "tribe-np plot drives.npy --rgb --names light sound words --size two --out rgb.png", "rgb.png", "rgb.png",
    ),
    Entry(
        "Figures", "Time steps",
        "Every second row, below what was seen, heard and said. The last row begins as the film ends.",
        "tribe-np plot painted --timesteps --every 2 --size two --out timesteps.png", "timesteps.png", "timesteps.png",
    ),
    Entry(
        "Numbers", "A score",
        "r of a prediction and the BOLD of four people, made from `painted` with as much noise as signal. The "
        "prediction is the one without words: it misses the language areas.",
        "tribe-np evaluate without-words people/truth.tsv --out scores", "scores/figure.png", "score.png",
    ),
    Entry(
        "Numbers", "Networks",
        "Independent components of `painted`, each with its share, the network of Yeo et al. that it is most like, and "
        "the p of rotations of the sphere.",
        "tribe-np networks painted --components 4 --out networks", "networks/networks.png", "networks.png",
    ),
    Entry(
        "Films", "Stimulus and cortex",
        "The film frame at 17.3 s. The line at the bottom leads from what is on screen to its BOLD, 5 s later; with "
        "`--align bold` the cortex waits for it.",
        "tribe-np film painted --label V1,44,MT --out film.mp4", "film.mp4", "film.png",
    ),
    Entry(
        "Films", "Two predictions side by side", "With and without the words, on one scale.",
        'tribe-np film painted --beside without-words --names "with words" "without words" --start 15 --stop 20 '
        "--out beside.mp4",
        "beside.mp4", "beside.png", moment=2.3,
    ),
    Entry(
        "Films", "A GIF", "Without sound, for a slide or a wiki.",
        "tribe-np film painted --start 15 --stop 19 --size 480x270 --fps 5 --out film.gif", "film.gif", "film.gif",
        width=480,
    ),
    Entry(
        "The page", "On a laptop",
        "The cortex turns, inflates and unfolds. A click on it plots a region, hovering tells vertex and value.",
        "tribe-np page painted --parcellation hcp-mmp1 --regions V1,A1,44,STSdp --out page.html", "page.html",
        "page.png",
    ),
    Entry("The page", "In the dark", "As the system is set, or by a button.", "", "page.html", "page-dark.png",
          is_dark=True),
    Entry("The page", "On a phone", "Everything in one column; a finger turns the cortex, two zoom.", "", "page.html",
          "page-phone.png", window=(390, 844), width=390),
)  # fmt: skip
