"""How measured data are projected: the options of `project`, with their defaults and checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.cortex.meshes.vertex_shares import REGISTRATIONS
from tribe_np.cortex.volumes.sampling import INTERPOLATIONS, SAMPLE_KINDS, SamplePoints
from tribe_np.errors import ConfigError
from tribe_np.settings import (
    FLAG,
    TEXT,
    Check,
    Settings,
    list_of,
    nullable,
    number,
    one_of,
    option,
    positive,
    read_fields,
)
from tribe_np.settings import whole as whole_number

VOLUME_SPACES = ("mni152", "mni305", "native", "as-is")
MESHES = ("fsaverage5", "fsaverage6", "fsaverage7")
NATIVE_RATE = "native"
UPSTREAM_HABITS = ("mni152_is_mni305", "constant_is_noise", "missing_is_zero", "no_start_time")  # of compat

PATH: Check[Path] = Check("a path", lambda value: isinstance(value, (str, Path)), lambda _, value: Path(value))
RATE: Check[float | str] = Check(
    f"a number of rows a second, or {NATIVE_RATE}",
    lambda value: value == NATIVE_RATE or positive(100).is_good(value),
    lambda _, value: value if isinstance(value, str) else float(value),
)


@dataclass(frozen=True)
class ProjectionOptions:
    """What `project` may be asked for.

    `space` is the one that a volume's coordinates are in; None finds it in the file. "as-is" takes fsaverage's
    coordinates for the volume's, as upstream does.
    """

    mesh: str = option("fsaverage5", one_of(*MESHES))
    space: str | None = option(None, nullable(one_of(*VOLUME_SPACES)))
    subject: str | None = option(None, nullable(TEXT))
    subjects_dir: Path | None = option(None, nullable(PATH))
    registration: str = option("barycentric", one_of(*REGISTRATIONS))
    spheres: Path | None = option(None, nullable(PATH))
    kind: str = option("ball", one_of(*SAMPLE_KINDS))
    radius: float = option(3.0, positive(100))
    n_samples: int | None = option(None, nullable(whole_number(1, 1000)))
    interpolation: str = option("linear", one_of(*INTERPOLATIONS))
    depth: tuple[float, ...] | None = option(None, nullable(list_of(number(-10, 10), "numbers")))
    center_depth: float = option(1.0, number(0, 1))
    mask: Path | None = option(None, nullable(PATH))
    smooth: float | None = option(None, nullable(positive(100)))
    tr: float | None = option(None, nullable(positive(30, above=0.05)))
    confounds: Path | None = option(None, nullable(PATH))
    confound_columns: tuple[str, ...] = option((), list_of(TEXT, "names"))
    detrend: bool = option(True, FLAG)
    standardize: bool = option(True, FLAG)
    frequency: float | str = option(1.0, RATE)
    align: bool = option(False, FLAG)
    offset: float = option(5.0, number(-60, 60))
    start: float = option(0.0, number(-1e6, 1e6))
    compat: str | None = option(None, nullable(one_of("upstream")))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ProjectionOptions":
        """The options; what contradicts itself is refused.

        Raises   ConfigError
        """
        made = read_fields(cls, Settings(values, "project"))
        made.points.check()
        if made.depth == ():
            raise ConfigError("depth must list at least one number")
        if made.confound_columns and made.confounds is None:
            raise ConfigError("confound columns are chosen of no table: give --confounds (confounds) too")
        if (made.start or made.offset != 5.0) and not made.align:
            raise ConfigError("start and offset place the stimulus in the scan: they need --align (align)")
        if made.subject is not None and made.spheres is not None:
            raise ConfigError("a subject's surfaces and spheres of fsLR-32k contradict each other; give only one")
        if made.space == "native" and made.subject is None:
            raise ConfigError("space native needs the subject whose surfaces they are: --subject (subject)")
        return made

    @property
    def points(self) -> SamplePoints:
        """The points around each vertex."""
        return SamplePoints(self.kind, self.radius, self.n_samples, self.depth)

    @property
    def as_upstream(self) -> bool:
        """Whether upstream's numbers are wanted, defects included."""
        return self.compat is not None
