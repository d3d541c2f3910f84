"""Names of regions out of labels: one spelling for all of a hemisphere, or nothing is taken off them."""

import pytest

from tests.cortex.synthetic_labels import AREAS, spelled
from tribe_np.cortex.hemisphere_marks import hemisphere_of, marked
from tribe_np.cortex.parcellations.label_names import is_no_region, named_labels
from tribe_np.errors import ParcellationError

SPELLINGS = {
    "{S}_{n}_ROI": "L_V1_ROI", "{S}_{n}_ROI-{s}": "L_V1_ROI-lh", "{n}-{s}": "V1-lh", "{s}.{n}": "lh.V1",
    "ctx-{s}-{n}": "lh.V1", "{s}_{n}": "lh.V1", "{S}_{n}": "L_V1", "{n}_{S}": "V1_L",
}  # fmt: skip


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(("spelling", "example"), SPELLINGS.items())
def test_a_spelling_that_all_labels_have_is_taken_off(spelling: str, example: str, side: str) -> None:
    found = named_labels(spelled(spelling, side), "a")
    assert list(found.region_of.values()) == list(AREAS)
    assert (found.spelling.example, found.side) == (example, side)


@pytest.mark.parametrize(
    "names",
    [
        ["V1", "FFC", "TE1a", "7PL", "9-46d", "H", "a24pr"],  # HCP-MMP1 as the package of Chimera has it
        ["bankssts", "lateraloccipital", "L_shaped", "insula", "pericalcarine"],  # a name that only looks marked
        ["G_and_S_frontomargin", "S_calcarine", "Lat_Fis-ant-Horizont", "Pole_occipital"],  # Destrieux
        ["7Networks_1", "7Networks_2"],
        ["L", "R", "L_R"],
        ["V\n1", "M\tT"],  # a line of its own is no reason to lose a region
        ["L_a", "R_b"],  # both hemispheres: neither is meant
    ],
)
def test_plain_names_stay_whole(names: list[str]) -> None:
    found = named_labels(names, "a")
    assert found.region_of == {name: name for name in names}
    assert found.side is None


def test_blanks_at_the_ends_are_no_part_of_a_name() -> None:
    assert named_labels(["unknown ", "insula ", " cuneus"], "a").region_of == {"insula ": "insula", " cuneus": "cuneus"}


def test_schaefers_names_stay_whole_and_tell_the_hemisphere() -> None:
    names = ["7Networks_RH_Vis_1", "7Networks_RH_Default_PFC_2"]
    found = named_labels(["Background+FreeSurfer_Defined_Medial_Wall", *names], "a")
    assert list(found.region_of.values()) == names
    assert found.side == "right"
    by_mne = named_labels([f"{name}-rh" for name in names], "a")
    assert list(by_mne.region_of.values()) == names


@pytest.mark.parametrize(
    "label",
    [
        "", " ", "?", "???", "unknown", "Unknown", "medialwall", "Medial_wall", "MEDIAL.WALL", "corpuscallosum",
        "FreeSurfer_Defined_Medial_Wall", "Background+FreeSurfer_Defined_Medial_Wall", "Background", "L_???_ROI",
        "???-lh", "unknown-rh", "ctx-lh-unknown", "R_Medial_Wall", "nan",
    ],
)  # fmt: skip
def test_what_is_no_area(label: str) -> None:
    assert is_no_region(label)
    assert named_labels([label, "V1"], "a").region_of == {"V1": "V1"}


@pytest.mark.parametrize("label", ["V1", "H", "7m", "PI", "Wall", "unknown_1", "medial"])
def test_what_is_an_area(label: str) -> None:
    assert not is_no_region(label)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (
            ["L_V1_ROI", "L_V2_ROI", "V3", "V4"],
            "2 of its 4 labels are spelled like L_V1_ROI, but not 'V3', 'V4'; the",
        ),
        (
            ["L_V1_ROI", *(f"A{n}" for n in range(9))],
            "1 of its 10 labels are spelled like L_V1_ROI, but not 'A0', 'A1', 'A2', ...",
        ),
        (["L_V1", "L_V2", "V3"], "2 of its 3 labels are spelled like L_V1, but not 'V3'"),
        (["V1-lh", "V2"], "spelled alike"),
        (["L_V1_ROI", "R_V2_ROI"], "both hemispheres"),
        (["L_V1_ROI-rh"], "both hemispheres"),
        (["7Networks_LH_Vis_1", "7Networks_RH_Vis_1"], "both hemispheres"),
        (["V1", "V1 "], "'V1' and 'V1 ' both come to the name V1"),
    ],
)
def test_labels_that_do_not_agree_are_refused(labels: list[str], said: str) -> None:
    with pytest.raises(ParcellationError, match=f"^a: .*{said}"):
        named_labels(labels, "a")


@pytest.mark.parametrize(
    ("name", "side", "key"),
    [
        ("lh.aparc.annot", "left", "*.aparc.annot"), ("RH.aparc.annot", "right", "*.aparc.annot"),
        ("tpl_hemi-L_den-164k_dseg.label.annot", "left", "tpl_*_den-164k_dseg.label.annot"),
        ("S1200.R.areas.label.gii", "right", "S1200.*.areas.label.gii"), ("areas_left.csv", "left", "areas_*.csv"),
        ("areas.annot", None, "areas.annot"), ("lh.rh.annot", None, "lh.rh.annot"), ("cool.annot", None, "cool.annot"),
        ("lh.atlas.R.annot", "left", "*.atlas.R.annot"), ("left_out.l.csv", "left", "*_out.l.csv"),
    ],
)  # fmt: skip
def test_the_hemisphere_of_a_file_name(name: str, side: str | None, key: str) -> None:
    assert marked(name) == (side, key)
    assert hemisphere_of(name) == side
