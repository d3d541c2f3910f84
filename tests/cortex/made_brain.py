"""A made-up brain: two spheres as fsaverage5, and a subject whose surfaces lie elsewhere in the scanner."""

from pathlib import Path

import numpy as np

from tests.cortex.icospheres import icosphere

CENTRES = {"l": np.array([-33.0, -15.0, 8.0]), "r": np.array([33.0, -15.0, 8.0])}
WHITE, PIAL = 27.0, 30.0  # mm from the centre
CRAS = np.array([5.0, -8.0, 11.0])
SUBJECT_SCALE = np.array([1.1, 0.9, 1.0])


def outward(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The faces, each turned so that its normal points away from the centre."""
    a, b, c = points[faces].transpose(1, 0, 2)
    inward = (np.cross(b - a, c - a) * a).sum(axis=1) < 0
    faces = faces.copy()
    faces[inward] = faces[inward][:, ::-1]
    return faces


def write_fsaverage5(subjects: Path, name: str = "fsaverage5", level: int = 5) -> None:
    """A mesh of fsaverage in FreeSurfer's layout: spheres about CENTRES, and the sphere itself."""
    from nibabel.freesurfer import write_geometry

    folder = subjects / name / "surf"
    folder.mkdir(parents=True)
    points, faces = icosphere(level)
    for side, centre in CENTRES.items():
        write_geometry(str(folder / f"{side}h.pial"), centre + PIAL * points, faces)
        write_geometry(str(folder / f"{side}h.white"), centre + WHITE * points, faces)
        write_geometry(str(folder / f"{side}h.sphere"), 100 * points, faces)


def scanner_place(side: str, directions: np.ndarray) -> np.ndarray:
    """Where the subject's pial surface lies in the scanner, in directions that the registration gives."""
    return (CENTRES[side] + PIAL * directions) * SUBJECT_SCALE + np.array([2.0, 30.0, -20.0])


def write_subject(subjects: Path, *, geometry: bool = True, level: int = 5) -> None:
    """sub-01: vertices in another order and elsewhere, in FreeSurfer's own coordinates (scanner minus c_ras)."""
    from nibabel.freesurfer import write_geometry

    folder = subjects / "sub-01" / "surf"
    folder.mkdir(parents=True)
    points, faces = icosphere(level)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    order = np.random.default_rng(4).permutation(len(points))
    directions = (points @ turn.T)[order]
    faces = np.argsort(order)[faces]
    info = {
        "head": np.array([2, 0, 20]), "valid": "1  # volume info valid", "filename": "../mri/orig.mgz",
        "volume": [256, 256, 256], "voxelsize": [1, 1, 1], "xras": [-1, 0, 0], "yras": [0, 0, -1],
        "zras": [0, 1, 0], "cras": CRAS,
    }  # fmt: skip
    for side in CENTRES:
        pial = scanner_place(side, directions) - CRAS
        centre = scanner_place(side, np.zeros((1, 3))) - CRAS
        white = centre + (pial - centre) * (WHITE / PIAL)
        for kind, at in (("pial", pial), ("white", white)):
            write_geometry(str(folder / f"{side}h.{kind}"), at, faces, volume_info=info if geometry else None)
        write_geometry(str(folder / f"{side}h.sphere.reg"), 100 * directions, faces)


def write_volume(
    path: Path, values: np.ndarray, affine: np.ndarray, *, tr: float = 2.0, code: int = 4, unit: str = "sec"
) -> Path:
    """A NIfTI file; code 4 is MNI152, 1 the scanner, 0 none."""
    import nibabel

    image = nibabel.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm", unit)
    if values.ndim > 3:
        image.header["pixdim"][4] = tr
    image.set_sform(affine, code)
    image.set_qform(affine, code)
    nibabel.save(image, path)
    return path


def box(voxel: float = 4.0, margin: float = 12.0) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Affine and shape of a volume around the made-up brain."""
    low, high = np.array([-63, -45, -22.0]) - margin, np.array([63, 15, 38.0]) + margin
    affine = np.diag([voxel, voxel, voxel, 1.0])
    affine[:3, 3] = low
    shape = np.ceil((high - low) / voxel).astype(int)
    return affine, (int(shape[0]), int(shape[1]), int(shape[2]))


def noise(n: int, seed: int = 0, voxel: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Volumes of a brain at rest, (X, Y, Z, n) float32, and their affine."""
    affine, shape = box(voxel)
    rng = np.random.default_rng(seed)
    return (1000 + 10 * rng.normal(size=(*shape, n))).astype(np.float32), affine
