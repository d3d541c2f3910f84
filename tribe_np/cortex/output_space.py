"""Where the columns of a prediction lie: on the vertices of a mesh, in the voxels of a mask, in parcels of an atlas.

A checkpoint's config.yaml says it (`pipeline.neuro_projection` reads that), run.json repeats it under `space`, and
whoever opens the folder asks here.
Source   neuralset 0.0.2 extractors.neuro SurfaceProjector, MaskProjector, AtlasProjector
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.cortex.sizes import VERTICES_PER_HEMISPHERE, mesh_name
from tribe_np.errors import OutputError, TribeError

KINDS = {"surface": "vertices", "mask": "voxels", "atlas": "parcels", "unknown": "outputs"}
NAMED_BY = {"surface": "mesh", "mask": "mask", "atlas": "atlas"}
SUBCORTICAL = "subcortical"
MASKS = (SUBCORTICAL, "mni152_brain", "mni152_gm", "mni152_wm")
RESOLUTIONS = (1, 2)  # mm
DEFAULT_MESH = "fsaverage5"


@dataclass(frozen=True)
class OutputSpace:
    """A kind of KINDS, the name of the mesh, mask or atlas, and how many columns a whole prediction has."""

    kind: str
    n_outputs: int
    name: str = ""
    resolution: int | None = None  # mm, of a mask

    @property
    def unit(self) -> str:
        """What one column is, in the plural."""
        return KINDS[self.kind]

    def as_dict(self) -> dict[str, Any]:
        """As run.json and `info --json` hold it."""
        named = {NAMED_BY[self.kind]: self.name} if self.kind in NAMED_BY else {}
        resolution = {} if self.resolution is None else {"resolution": self.resolution}
        return {"kind": self.kind, **named, **resolution, "n_outputs": self.n_outputs}

    def __str__(self) -> str:
        """So many columns of what, for messages."""
        if self.kind == "surface":
            return f"{self.n_outputs} vertices of {self.name}"
        if self.kind == "mask":
            return f"{self.n_outputs} voxels of the {self.name} mask" + (
                f" ({self.resolution} mm)" if self.resolution else ""
            )
        if self.kind == "atlas":
            return f"{self.n_outputs} parcels of the atlas {self.name}"
        return f"{self.n_outputs} outputs whose place is not known"

    def columns(self) -> str:
        """What the columns are and in which order, for people."""
        if self.kind == "surface":
            return f"{self}, the left hemisphere first"
        return f"{self}, in C order of its image (last axis fastest)" if self.kind == "mask" else str(self)


UNKNOWN = OutputSpace("unknown", 0)


def space_of_run(run: Mapping[str, Any], n_columns: int, origin: str | Path) -> OutputSpace:
    """The space of a prediction folder by its run.json; folders from before `space` was written are on a mesh.

    On surfaces the key `mesh` decides: who puts a prediction on another mesh writes that.
    Raises   OutputError for a `space` that predict does not write
    """
    try:
        told = run.get("space", {"kind": "surface"})
        kind = told["kind"]
        if kind == "surface":
            mesh = mesh_name(str(run.get("mesh", told.get("mesh", DEFAULT_MESH))))
            return OutputSpace(kind, 2 * VERTICES_PER_HEMISPHERE[mesh], mesh)
        name = str(told[NAMED_BY[kind]]) if kind in NAMED_BY else ""
        resolution = told.get("resolution")
        if kind not in KINDS or not (resolution is None or resolution in RESOLUTIONS):
            raise ValueError(f"{told!r:.80}")
        n_outputs = told["n_outputs"]
        if type(n_outputs) is not int or n_outputs < n_columns:
            raise ValueError(f"{n_outputs!r:.40} outputs, but {n_columns} columns")
    except (KeyError, TypeError, ValueError, AttributeError, TribeError) as error:
        raise OutputError(
            f"{origin}: run.json does not say the space of the columns as predict writes it: {error}"
        ) from error
    return OutputSpace(kind, n_outputs, name, resolution)


def check_surface(space: OutputSpace, origin: str | Path) -> None:
    """Refuses a prediction that does not lie on a mesh, and says what can be done with it.

    Raises   OutputError
    """
    if space.kind == "mask":
        raise OutputError(
            f"{origin}: holds {space}, and no cortical surface; use `tribe-np export {origin} --to nifti` "
            f"for a volume, `tribe-np roi {origin}` for a table of structures"
        )
    if space.kind != "surface":
        raise OutputError(f"{origin}: holds {space}, and no cortical surface; read predictions.npy itself")
