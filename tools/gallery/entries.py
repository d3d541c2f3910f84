"""What the gallery shows, in its order: a title, what there is to see, a command, the picture of its result."""

from dataclasses import dataclass

SEEN = "--label V1,A1,44,MT"
PARTS = (
    "Figures",
    "A film",
    "A page",
)


@dataclass(frozen=True)
class Entry:
    """One picture of the gallery.

    `command` is run in the working folder, where `painted` is a prediction folder; `picture` is the file that it makes
    there, `shown` the name of what the page shows: the file itself, a moment of a film, a page in a browser.
    """

    part: str
    title: str
    about: str
    command: str
    picture: str
    shown: str
    moment: float | None = None  # second of a film, or of a page, that is shown
    window: tuple[int, int] = (1440, 900)  # of a browser
    hash: str = ""  # what a link to the page keeps


ENTRIES = (
    Entry(
        "Figures", "One moment", "Lateral and medial views with the areas of HCP-MMP1, for a column and a half.",
        f"tribe-np plot painted --at 17 --parcellation hcp-mmp1 {SEEN} --size 120 --out figure.png", "figure.png",
        "figure.png",
    ),
    Entry(
        "Figures", "Six views", "Lateral, medial, dorsal, ventral, anterior and posterior.",
        "tribe-np plot painted --at 17 --views lateral,medial,dorsal,ventral,anterior,posterior --size two "
        "--out six-views.png",
        "six-views.png", "six-views.png",
    ),
    Entry(
        "Figures", "Flat maps", "The whole cortex at once.",
        f"tribe-np plot painted --at 17 --views flat --parcellation hcp-mmp1 {SEEN} --size two --out flat.png",
        "flat.png", "flat.png",
    ),
    Entry(
        "Figures", "A mosaic of times", "One scale for all of them, taken from the whole run.",
        "tribe-np plot painted --at 3 8 11 17 --size two --out mosaic.png", "mosaic.png", "mosaic.png",
    ),
    Entry(
        "Figures", "Time steps", "What was seen, heard and said above what is predicted.",
        "tribe-np plot painted --timesteps --every 2 --size two --out timesteps.png", "timesteps.png", "timesteps.png",
    ),
    Entry(
        "Figures", "Three maps in one", "Light in red, sound in green, words in blue; where two meet, colours mix.",
        "tribe-np plot drives.npy --rgb --names light sound words --size 120 --out rgb.png", "rgb.png", "rgb.png",
    ),
    Entry(
        "A film", "Stimulus and cortex", "MP4 with the sound of the stimulus: here the film frame at 17 s.",
        "tribe-np film painted --label V1,A1,44,MT --out film.mp4", "film.mp4",
        "film.png", moment=17.3,
    ),
    Entry(
        "A film", "A GIF", "Without sound, for a slide or a page of a wiki.",
        "tribe-np film painted --stop 8 --size 640x360 --fps 5 --out film.gif", "film.gif", "film.gif",
    ),
    Entry(
        "A page", "On a laptop", "One HTML file: the cortex moves while the film plays.",
        "tribe-np page painted --parcellation hcp-mmp1 --regions V1,A1,44,STSdp --out page.html", "page.html",
        "page.png", moment=17.3,
    ),
    Entry("A page", "Dark", "", "", "page.html", "page-dark.png", moment=17.3),
    Entry("A page", "On a phone", "", "", "page.html", "page-phone.png", moment=17.3, window=(390, 844)),
)  # fmt: skip
