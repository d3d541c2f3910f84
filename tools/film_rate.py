"""How many film frames a second `tribe-np film` makes from end to end, and each of its parts alone.

    python -m tools.film_rate PRED                   of a folder of predictions whose stimulus is a film
    python -m tools.film_rate PRED --seconds 60 --size 1920x1080

Three lines tell the parts, each with nothing else running: the stimulus decoded and scaled, film frames painted, film
frames encoded. The last tells a whole film, sound and all: there the three run at the same time, so that it is bound by
the processors. `CPU` is the time of all processes together.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.cli.common import path
from tribe_np.errors import TribeError
from tribe_np.plots.films.film_encoder import mp4_file
from tribe_np.plots.films.film_making import film
from tribe_np.plots.films.film_planning import FilmPlan, planned
from tribe_np.plots.films.film_wishes import DEFAULT_VIEWS, film_form

TARGET = 10.0  # film frames a second that a film must be made at, on two cores at 1280 x 720
N_KEPT = 48  # film frames that the encoder is fed with, over and over: they move as a film does


@dataclass(frozen=True)
class Rate:
    """What one part took.

    Units    seconds of a clock, and of all processors together
    """

    part: str
    n_film_frames: int
    seconds: float
    cpu: float

    @property
    def line(self) -> str:
        """A line of the table."""
        rate, each = self.n_film_frames / self.seconds, 1000 * self.cpu / self.n_film_frames
        return f"{self.part:<34}{rate:>8.1f} a second {each:>8.1f} ms CPU each"


def measured(part: str, n_film_frames: int, work: Callable[[], object]) -> Rate:
    """Runs a part and takes its times."""
    start, cpu = time.monotonic(), _cpu()
    work()
    return Rate(part, n_film_frames, time.monotonic() - start, _cpu() - cpu)


def rates(predictions: Path, *, seconds: float, size: str | None, folder: Path) -> list[Rate]:
    """The parts of a film, and the whole.

    Raises   TribeError
    """
    plan, out = _plan(predictions, seconds, size), folder / "film.mp4"
    n, box = plan.n_film_frames, plan.layout.picture
    found = []
    picture: np.ndarray | None = None
    if plan.stimulus.has_pictures:
        pictures = plan.stimulus.pictures_at(plan.moments, box.width, box.height)
        found.append(measured("stimulus, decoded and scaled", n, lambda: _drained(pictures)))
        picture = plan.stimulus.picture_at(plan.moments[0], box.width, box.height)
    found.append(measured("painted", n, lambda: _drained(plan.scene.at(moment, picture) for moment in plan.moments)))
    kept = [plan.scene.at(moment, picture).copy() for moment in plan.moments[:N_KEPT]]

    def encode() -> None:
        with mp4_file(out, plan.form.size, plan.form.fps, n, None) as put:
            for number in range(n):
                put(kept[number % len(kept)])

    found.append(measured("encoded", n, encode))
    out.unlink()
    whole = measured("from end to end", n, lambda: film(predictions, out, size=size, stop=plan.moments[-1] + 1e-3))
    return [*found, whole]


def _plan(predictions: Path, seconds: float, size: str | None) -> FilmPlan:
    def of(stop: float | None) -> FilmPlan:
        return planned(
            predictions, film_form("film.mp4", size), views=DEFAULT_VIEWS, align="stimulus", start=None, stop=stop,
            timeline=None, stimulus=None, beside=None, minus=None, names=None, parcellation=None, labels=None,
            surface="half", subjects_dir=None, title=None, colours={},
        )  # fmt: skip

    whole = of(None)
    lasts = whole.n_film_frames / whole.form.fps
    return whole if lasts <= seconds else of(whole.start + seconds)


def _drained(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _cpu() -> float:
    """Seconds of all processors that this process and its children have taken."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; 1 where the whole is slower than TARGET."""
    parser = argparse.ArgumentParser(prog="film_rate", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("predictions", type=path, metavar="PRED", help="a folder of predictions")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="of the film (default: 20)")
    parser.add_argument("--size", metavar="WxH", help="default: 1280x720")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = rates(options.predictions, seconds=options.seconds, size=options.size, folder=Path(folder))
    except TribeError as error:
        print(f"film_rate: error: {error}", file=sys.stderr)
        return 2
    print("\n".join(rate.line for rate in found))
    whole = found[-1]
    return int(whole.n_film_frames / whole.seconds < TARGET)


if __name__ == "__main__":
    sys.exit(main())
