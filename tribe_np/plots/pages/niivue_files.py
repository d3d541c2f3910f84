"""A folder that niivue opens: each hemisphere as one .mz3 of surface and rows, and GIFTI surfaces with their series.

Source   niivue 0.69.0 NVMeshLoaders.readMZ3 and readGII: a mesh's own scalars become a layer, a row a frame
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.gifti.gifti import GiftiCoordSystem, GiftiDataArray, GiftiImage, GiftiMetaData

from tribe_np.cortex.meshes.numbering import check_numbering, numbering_at_hand
from tribe_np.cortex.meshes.surfaces import Surface, load_surface
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.outputs.exports.export_formats import ExportOptions
from tribe_np.outputs.exports.export_names import FILE_SIDES, content_name
from tribe_np.outputs.exports.gifti_files import STRUCTURES, write_gifti
from tribe_np.outputs.exports.mz3_stc_files import write_mz3
from tribe_np.outputs.whole import check_own_target, write_whole
from tribe_np.plots.pages.page_sources import WHOLE, ShownPart, cut_rows
from tribe_np.plots.surface_sources import read_surface

COMMAND = "page"
SURFACES = ("pial", "inflated")
GAP = 2.0  # mm between an inflated hemisphere and the midline, where else they would overlap
README = """\
{what} on {mesh}, in files that niivue opens (https://niivue.com, any of its viewers that reads meshes).

The quickest: drop the two files of mz3/ onto a page of niivue.
  Each holds the pial surface of its hemisphere and all {n_rows} rows as one layer. Which row is shown is frame4D of the
  layer, from 0 on: nv.setMeshLayerProperty(nv.meshes[0].id, 0, "frame4D", 12)
  Colours: nv.setMeshLayerProperty(nv.meshes[0].id, 0, "colormap", "warm"), and "cal_min", "cal_max" for their limits;
  a good limit for these values is {limit:.3g} (the 99th percentile of their size).

With the surface of your choice: open a .surf.gii of gifti/, then add the .func.gii of the same side as a layer:
  await nv.loadMeshes([{{
    url: "gifti/lh.inflated.surf.gii",
    layers: [{{url: "gifti/{gifti_series}", colormap: "warm", useNegativeCmap: true, colormapNegative: "winter",
      cal_min: {low:.3g}, cal_max: {limit:.3g}}}]
  }}])

Row r describes the stimulus from {start:g} + r * {tr:g} s; its BOLD comes {offset:g} s later. The .json beside each
file says the same, and how the values were made.
"""


@dataclass(frozen=True)
class NiivueFolder:
    """A folder that was written, the names of its files, and what there is to say."""

    folder: Path
    files: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def write_niivue(
    source: Any,
    out: str | Path,
    *,
    window: ShownPart = WHOLE,
    timeline: str | None = None,
    subjects_dir: str | Path | None = None,
) -> NiivueFolder:
    """Writes surfaces and series of a prediction for niivue into the folder `out`, whole or not at all.

    Raises   OutputError for voxels, for rows of several timelines or unequal steps, and a folder that cannot be
             written; as `load_surface`
    """
    out = Path(out)
    inputs = {"predictions": Path(source)} if isinstance(source, (str, Path)) else {}
    check_own_target(out, COMMAND, inputs, argument="--niivue ")
    series = cut_rows(read_surface(source), timeline, window)
    series = replace(series, starts=series.starts + window.start)  # here the times of the stimulus itself
    surfaces = {kind: load_surface(series.mesh, kind, subjects_dir=subjects_dir) for kind in SURFACES}
    check_numbering(series, numbering_at_hand(series.mesh, subjects_dir), surfaces["pial"].origin)
    options = ExportOptions(surface="pial", subjects_dir=subjects_dir)
    written: list[str] = []

    def fill(partial: Path) -> None:
        ones, others = partial / "mz3", partial / "gifti"
        ones.mkdir()
        others.mkdir()
        found = [*write_mz3(series, ones, options), *write_gifti(series, others, options)]
        for kind, surface in surfaces.items():
            placed = surface.apart(GAP) if kind == "inflated" else surface
            found += [_surface_file(placed, side, others) for side in HEMISPHERES]
        readme = partial / "README.txt"
        readme.write_text(_readme(series), encoding="utf-8")
        written.extend(path.relative_to(partial).as_posix() for path in (*found, readme))

    write_whole(out, fill, COMMAND, argument="--niivue ")
    return NiivueFolder(out, tuple(written), tuple(options.warnings))


def _surface_file(surface: Surface, side: str, folder: Path) -> Path:
    """A hemisphere as GIFTI: lh.pial.surf.gii."""
    coordinates, faces = surface.hemisphere(side)
    about = GiftiMetaData({"AnatomicalStructurePrimary": STRUCTURES[side], "GeometricType": surface.kind.title()})
    points = GiftiDataArray(
        coordinates.astype(np.float32), intent="NIFTI_INTENT_POINTSET", coordsys=GiftiCoordSystem(0, 0), meta=about
    )
    triangles = GiftiDataArray(faces.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE")
    path = folder / f"{FILE_SIDES[side][0]}.{surface.kind}.surf.gii"
    path.write_bytes(GiftiImage(darrays=[points, triangles]).to_bytes())
    return path


def _readme(series: SurfaceSeries) -> str:
    finite = np.abs(series.values[np.isfinite(series.values)])
    limit = float(np.percentile(finite, 99)) if len(finite) else 1.0
    return README.format(
        what=content_name(series).capitalize(), mesh=series.mesh, n_rows=len(series.values),
        gifti_series=f"lh.{content_name(series)}.{series.mesh}.func.gii",
        limit=limit, low=limit / 4, start=round(float(series.starts[0]), 3) + 0.0, tr=series.tr,
        offset=series.hemodynamic_offset,
    )  # fmt: skip
