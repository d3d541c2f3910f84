"""What is asked of a figure, checked before anything is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from pathlib import Path
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_maps import colour_map
from tribe_np.plots.colours.colour_scale import FADE, PERCENTILE
from tribe_np.plots.figures.brains import Inflate
from tribe_np.plots.figures.given_axes import shown_views
from tribe_np.plots.figures.sheets import DPI, ONE_COLUMN, TWO_COLUMNS, Look
from tribe_np.plots.stimulus.row_clock import ALIGNMENTS
from tribe_np.plots.views import View
from tribe_np.shown import did_you_mean, quoted

FOUR_VIEWS = ("lateral", "medial")
STEP_VIEW = ("left",)
MIXES = ("rgb", "rgb_argmax", "tab10")


@dataclass(frozen=True)
class FigureOptions:
    """The options of `plot`.

    views      names, or pairs (elevation, azimuth); "lateral", "medial" and "flat" are two each
    surface    half, pial, inflated, white or sphere
    at         seconds: a mosaic of these moments; timesteps: brains below what was seen and heard, every so many rows
    rgb        two or three maps as colours of one: "rgb", "rgb_argmax", "tab10", or True for "rgb"
    minus      a prediction that is taken away from the first
    align      whose clock tells the times: "stimulus" or "bold"
    mask       the atlas of the subcortex, for predictions of its voxels
    outlines   draws all borders of the parcellation; None: where it is given, or around labelled regions
    labels     regions whose names are written
    limits     (low, high) of the colours, else percentile; symmetric: both as far from 0
    fade       (threshold, scale): how values come out of the folds, or None; with rgb, strength is opacity
    size       the figure's width in mm: 85, one column, or 180, two; None: what suits the number of maps
    """

    views: Sequence[str | tuple[float, float] | View] | str | None = None
    surface: Inflate = "half"
    at: Sequence[float] = ()
    timesteps: bool = False
    every: int | None = None
    rgb: str | bool = False
    minus: Any = None
    align: str = "stimulus"
    timeline: str | None = None
    stimulus: str | Path | None = None
    parcellation: Any = None
    mask: Any = None
    outlines: bool | None = None
    labels: Sequence[str] | Mapping[str, str] = ()
    cmap: Any = None
    percentile: float = PERCENTILE
    limits: tuple[float, float] | None = None
    threshold: float | None = None
    symmetric: bool | None = None
    fade: tuple[float, float] | None = FADE
    colour_bar: bool = True
    title: str | None = None
    names: Sequence[str] = ()
    dpi: float = DPI
    size: float | None = None
    background: str = "white"
    columns: int | None = None
    subjects_dir: str | Path | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "FigureOptions":
        """The options by name.

        Raises   ConfigError for an unknown one
        """
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise ConfigError(f"plot has no option {quoted(name)}{did_you_mean(name, known)}")
        return cls(**given)

    def check(self, n_sources: int) -> None:
        """Refuses what contradicts itself, an unknown view, colour map or colour.

        Raises   ConfigError
        """
        kinds = {"--at": bool(self.at), "--timesteps": self.timesteps, "--rgb": bool(self.rgb)}
        asked = [name for name, is_asked in kinds.items() if is_asked]
        if len(asked) > 1:
            raise ConfigError(f"{' and '.join(asked)} are different figures; ask for one of them")
        if self.minus is not None and n_sources != 1:
            raise ConfigError(
                f"--minus takes one prediction away from another one, but {n_sources} are given before it"
            )
        if self.at and n_sources > 1:
            raise ConfigError("--at shows moments of one prediction; give one, or leave --at away")
        if self.names and len(self.names) != n_sources and not self.rgb:
            raise ConfigError(f"{len(self.names)} names are given for {n_sources} maps")
        if self.every is not None and not (self.timesteps and self.every >= 1):
            raise ConfigError(f"--every is a whole number from 1 on and goes with --timesteps, got {self.every}")
        if self.columns is not None and self.columns < 1:
            raise ConfigError(f"--columns is a whole number from 1 on, got {self.columns}")
        self._check_what_goes_with_what(n_sources)
        if self.align not in ALIGNMENTS:
            raise ConfigError(f"--align must be one of {', '.join(ALIGNMENTS)}, got {quoted(self.align)}")
        self._check_colours()
        self.all_views()
        self.look(n_sources)

    def _check_what_goes_with_what(self, n_sources: int) -> None:
        """Nothing that was asked for is left out without a word."""
        has_times = self.timesteps or bool(self.at)
        for name, is_given, is_fit, fits in (
            ("--align", self.align == "bold", has_times, "--at or --timesteps"),
            ("--timeline", self.timeline is not None, has_times, "--at or --timesteps"),
            ("--stimulus", self.stimulus is not None, self.timesteps, "--timesteps"),
            ("--title", self.title is not None, not self.timesteps, "every figure but --timesteps"),
            ("--columns", self.columns is not None, not self.timesteps, "every figure but --timesteps"),
            ("--names", bool(self.names), not self.timesteps or n_sources > 1, "several predictions or maps"),
        ):
            if is_given and not is_fit:
                raise ConfigError(f"{name} goes with {fits}; leave it away here")

    def _check_colours(self) -> None:
        if self.limits is not None and not -inf < self.limits[0] < self.limits[1] < inf:
            low, high = self.limits
            raise ConfigError(f"--limits: two numbers, of which the lower one comes first, got {low:g} and {high:g}")
        if self.threshold is not None and not 0 <= self.threshold < inf:
            raise ConfigError(f"--threshold must be a number from 0 on, got {self.threshold:g}")
        if self.rgb and self.mix not in MIXES:
            raise ConfigError(f"--rgb must be one of {', '.join(MIXES)}, got {quoted(self.rgb)}")
        if self.cmap is not None and self.rgb:
            raise ConfigError("--cmap does not go with --rgb, whose maps have a colour each")
        if self.cmap is not None:
            colour_map(self.cmap)

    @property
    def mix(self) -> str:
        """How maps become colours."""
        return self.rgb if isinstance(self.rgb, str) else "rgb"

    def all_views(self) -> tuple[View, ...]:
        """The views, in order.

        Raises   ConfigError for an unknown one
        """
        return shown_views(self.views or (STEP_VIEW if self.timesteps else FOUR_VIEWS))

    def look(self, n_maps: int) -> Look:
        """The figure's size and colours for so many maps."""
        size = self.size or (ONE_COLUMN if n_maps == 1 and not self.timesteps else TWO_COLUMNS)
        return Look(size, self.dpi, self.background)
