"""Both hemispheres from files of every format, in either order; meshes and pairs that do not fit."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from nibabel.freesurfer.io import write_annot

from tests.cortex.synthetic_labels import (
    AREAS,
    LABELS,
    spelled,
    write_annotation,
    write_cifti,
    write_gifti,
    write_pair,
)
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.errors import ParcellationError

N_VERTICES = 2 * len(LABELS)
PER_SIDE = {"fsaverage5": 10242, "fsaverage6": 40962, "fsaverage": 163842, "fs_LR": 32492}


def check_areas(found: Parcellation) -> None:
    """The three areas of LABELS on both hemispheres."""
    assert set(found.regions) == set(AREAS)
    for place, area in enumerate(AREAS, 1):
        left = np.flatnonzero(place == LABELS)
        assert found.vertices(area).tolist() == [*left, *(left + len(LABELS))]
    assert (found.region_of == -1).sum() == 2 * (LABELS == 0).sum()


@pytest.mark.parametrize("spelling", ["{S}_{n}_ROI", "{S}_{n}_ROI-{s}", "{n}-{s}", "{n}", "{s}.{n}", "{n}_{S}"])
def test_every_spelling_gives_the_same_regions(tmp_path: Path, spelling: str) -> None:
    found = load_parcellation(write_pair(tmp_path, spelling), N_VERTICES)
    check_areas(found)
    assert found.name == "areas"
    assert [file.path.name for file in found.files] == ["lh.areas.annot", "rh.areas.annot"]
    assert found.files[0].sha256 == hashlib.sha256((tmp_path / "lh.areas.annot").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "names", ["{s}.x.annot", "x_hemi-{S}_dseg.label.annot", "sub.{S}.x.annot", "x_{side}.annot", "{side}.x.annot"]
)
def test_a_folder_whatever_its_files_are_called(tmp_path: Path, names: str) -> None:
    write_pair(tmp_path, names=names)
    (tmp_path / "lh.white").write_bytes(b"")
    (tmp_path / "._lh.x.annot").write_bytes(b"")
    (tmp_path / "lh.alone.annot").write_bytes(b"")
    check_areas(load_parcellation(tmp_path, N_VERTICES))
    check_areas(load_parcellation(tmp_path / names.format(s="rh", S="R", side="right"), N_VERTICES))


def test_several_parcellations_in_a_folder_are_listed(tmp_path: Path) -> None:
    write_pair(tmp_path)
    write_pair(tmp_path, names="{s}.more.annot")
    with pytest.raises(ParcellationError, match=r"2 parcellations; give the file of one: \*\.areas\.annot, \*\.more"):
        load_parcellation(tmp_path, N_VERTICES)
    check_areas(load_parcellation(tmp_path / "lh.more.annot", N_VERTICES))


def test_two_files_in_either_order(tmp_path: Path) -> None:
    write_pair(tmp_path)
    files = [tmp_path / "rh.areas.annot", str(tmp_path / "lh.areas.annot")]
    for order in (files, files[::-1]):
        check_areas(load_parcellation(order, N_VERTICES))


def test_labels_tell_the_hemisphere_where_file_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "a.annot").write_bytes(write_annotation(tmp_path / "x", spelled("{S}_{n}_ROI", "right")).read_bytes())
    moved = np.roll(LABELS, 3)
    (tmp_path / "b.annot").write_bytes(
        write_annotation(tmp_path / "x", spelled("{S}_{n}_ROI", "left"), moved).read_bytes()
    )
    found = load_parcellation([tmp_path / "a.annot", tmp_path / "b.annot"], N_VERTICES)
    assert found.vertices("V1", "left").tolist() == np.flatnonzero(moved == 1).tolist()


def test_two_files_that_tell_nothing_are_left_and_right_as_given(tmp_path: Path) -> None:
    first = write_annotation(tmp_path / "a.annot", ["???", *AREAS])
    second = write_annotation(tmp_path / "b.annot", ["???", *AREAS], np.roll(LABELS, 3))
    found = load_parcellation([first, second], N_VERTICES)
    assert found.vertices("V1", "left").tolist() == np.flatnonzero(LABELS == 1).tolist()


def test_gifti_cifti_and_tables(tmp_path: Path) -> None:
    for side, structure in (("left", "CortexLeft"), ("right", "CortexRight")):
        write_gifti(tmp_path / f"{side[0]}x.label.gii", spelled("{S}_{n}_ROI", side), structure=structure)
    check_areas(load_parcellation([tmp_path / "rx.label.gii", tmp_path / "lx.label.gii"], N_VERTICES))
    check_areas(load_parcellation(write_cifti(tmp_path / "areas.dlabel.nii", ["???", *AREAS]), N_VERTICES))
    both = spelled("{S}_{n}_ROI", "left") + spelled("{S}_{n}_ROI", "right")[1:]  # one table, as the HCP's own has
    check_areas(load_parcellation(write_cifti(tmp_path / "hcp.dlabel.nii", both, beyond=len(AREAS)), N_VERTICES))
    with pytest.raises(
        ParcellationError, match=r"hcp\.dlabel\.nii \(right\): the file says right.* left, such as L_V1"
    ):
        load_parcellation(write_cifti(tmp_path / "hcp.dlabel.nii", both), N_VERTICES)
    table = tmp_path / "areas.csv"
    names = ["", *AREAS]
    table.write_text("region\n" + "".join(f'"{names[label]}"\n' for label in (*LABELS, *LABELS)))
    check_areas(load_parcellation(table, N_VERTICES))
    table.write_text(
        "vertex,hemisphere,region\n"
        + "".join(f"{v},{side},{names[LABELS[v]]}\n" for v in range(10)[::-1] for side in ("R", "L"))
    )
    check_areas(load_parcellation(table, N_VERTICES))
    for side in ("lh", "rh"):
        (tmp_path / f"{side}.areas.tsv").write_text("region\n" + "".join(f'"{names[label]}"\n' for label in LABELS))
    check_areas(load_parcellation(tmp_path / "rh.areas.tsv", N_VERTICES))


def test_regions_of_one_hemisphere_stay_apart(tmp_path: Path) -> None:
    write_pair(tmp_path, "7Networks_{U}_{n}_1")
    found = load_parcellation(tmp_path, N_VERTICES)
    assert len(found.regions) == 6
    assert found.vertices("7Networks_RH_V1_1", "left").size == 0
    assert found.vertices("7Networks_RH_V1_1").tolist() == (np.flatnonzero(LABELS == 1) + 10).tolist()


def test_a_parcellation_that_is_loaded_already(tmp_path: Path) -> None:
    found = load_parcellation(write_pair(tmp_path), N_VERTICES)
    assert load_parcellation(found, N_VERTICES) is found
    with pytest.raises(ParcellationError, match="was loaded for 20 vertices, but 30 are asked for"):
        load_parcellation(found, 30)


def test_only_labels_that_a_vertex_has_count(tmp_path: Path) -> None:
    """A table may list the other hemisphere's names too."""
    for side, s in (("left", "lh"), ("right", "rh")):
        other = "right" if side == "left" else "left"
        names = spelled("{S}_{n}_ROI", side) + spelled("{S}_{n}_ROI", other)[1:]
        write_annotation(tmp_path / f"{s}.areas.annot", names)
    check_areas(load_parcellation(tmp_path, N_VERTICES))


@pytest.mark.parametrize("mesh", ["fsaverage6", "fsaverage"])
def test_a_finer_mesh_of_fsaverage_is_cut_short(tmp_path: Path, mesh: str) -> None:
    labels = np.resize(LABELS, PER_SIDE[mesh])
    for s in ("lh", "rh"):
        write_annotation(tmp_path / f"{s}.areas.annot", ["???", *AREAS], labels)
    found = load_parcellation(tmp_path, 20484)
    assert found.per_hemisphere == 10242
    assert np.array_equal(found.vertices("V2", "left"), np.flatnonzero(labels[:10242] == 2))


def test_meshes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    def of(mesh: str, **names: str) -> Path:
        labels = np.resize(LABELS, PER_SIDE[mesh])
        folder = tmp_path / "_".join([mesh, *names.values()])
        folder.mkdir()
        for s in ("lh", "rh"):
            write_annotation(folder / names.get("name", "{s}.x.annot").format(s=s), ["???", *AREAS], labels)
        return folder

    with pytest.raises(
        ParcellationError, match=r"its 32492 vertices a hemisphere are those of fs_LR 32k, not of fsaverage5"
    ):
        load_parcellation(of("fs_LR"), 20484)
    with pytest.raises(ParcellationError, match=r"fs_LR by its name, not of fsaverage5.*wb_command"):
        load_parcellation(of("fsaverage", name="x.{s}.164k_fs_LR.annot"), 20484)
    with pytest.raises(
        ParcellationError, match=r"has 10242 vertices, fewer than the 40962 per hemisphere of fsaverage6"
    ):
        load_parcellation(of("fsaverage5"), 2 * 40962)
    with pytest.raises(ParcellationError, match=r"has 163842 vertices, which are not those of fsLR-32k \(32492\)"):
        load_parcellation(of("fsaverage"), 2 * 32492)
    assert load_parcellation(tmp_path / "fs_LR", 2 * 32492).per_hemisphere == 32492
    write_pair(tmp_path / "ten")
    for n_vertices, said in ((18, "has 10 vertices, which are not those"), (19, "not two hemispheres")):
        with pytest.raises(ParcellationError, match=said):
            load_parcellation(tmp_path / "ten", n_vertices)


def test_a_cifti_file_of_163842_vertices_must_say_which_mesh(tmp_path: Path) -> None:
    labels = np.zeros(163842, int)
    labels[: len(LABELS)] = LABELS
    path = write_cifti(tmp_path / "areas.dlabel.nii", ["???", *AREAS], labels)
    with pytest.raises(ParcellationError, match="those of fsaverage and of fs_LR 164k alike"):
        load_parcellation(path, 20484)
    found = load_parcellation(path.rename(tmp_path / "areas.fsaverage.dlabel.nii"), 20484)
    assert np.array_equal(found.vertices("V1", "left"), np.flatnonzero(labels[:10242] == 1))


def test_hemispheres_that_are_no_pair_are_refused(tmp_path: Path) -> None:
    left = write_annotation(tmp_path / "lh.x.annot", spelled("{S}_{n}_ROI", "left"))

    for spelling, side, labels, name, said in (
        (
            "{S}_{n}_ROI",
            "left",
            LABELS,
            "rh.x",
            r"rh\.x\.annot: the file says right, but its labels say left.*L_V1_ROI",
        ),
        ("{n}", "right", LABELS, "rh.x", "names regions like L_V1_ROI, .* like V1: they are not two hemispheres"),
        ("{S}_{n}_ROI", "right", LABELS[:9], "rh.x", "has 10 vertices and .* 9; the hemispheres"),
        ("{S}_{n}_ROI", "left", LABELS, "lh.y", "both are the left hemisphere"),
    ):
        other = write_annotation(tmp_path / f"{name}.annot", spelled(spelling, side), labels)
        with pytest.raises(ParcellationError, match=said):
            load_parcellation([left, other], N_VERTICES)
    with pytest.raises(ParcellationError, match="expected the two hemispheres, got 3"):
        load_parcellation([left, write_cifti(tmp_path / "a.dlabel.nii", ["???", *AREAS])], N_VERTICES)
    gifti = write_gifti(tmp_path / "lh.a.label.gii", ["???", *AREAS], structure="CortexRight")
    with pytest.raises(ParcellationError, match="its name says left, but the file says that it is the right"):
        load_parcellation([gifti, left], N_VERTICES)


def test_gifti_labels_by_any_ending_are_found_and_surfaces_are_not(tmp_path: Path) -> None:
    """mris_convert --annot writes lh.aparc.gii; lh.white.gii beside it has no labels."""
    for s, structure in (("lh", "CortexLeft"), ("rh", "CortexRight")):
        write_gifti(tmp_path / f"{s}.areas.gii", ["???", *AREAS], structure=structure)
        (tmp_path / f"{s}.white.gii").write_text("<GIFTI><LabelTable></LabelTable><DataArray/></GIFTI>")
    for source in (tmp_path, tmp_path / "rh.areas.gii"):
        found = load_parcellation(source, N_VERTICES)
        assert found.name == "areas"
        check_areas(found)


@pytest.mark.parametrize("name", ["lh.a.annot", "lh.a.label.gii", "a.dlabel.nii", "a.csv"])
def test_a_file_that_is_something_else_is_called_so(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(ParcellationError, match=r"not a file of labels, but a Git LFS pointer; .* `git lfs pull`"):
        load_parcellation(tmp_path / name, N_VERTICES)


def test_a_single_hemisphere_is_refused_where_its_other_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ParcellationError, match=r"left hemisphere, but beside it is no file of the right"):
        load_parcellation(write_annotation(tmp_path / "lh.x.annot", ["???", *AREAS]), N_VERTICES)
    with pytest.raises(ParcellationError, match="its name does not say which"):
        load_parcellation(write_annotation(tmp_path / "x.annot", ["???", *AREAS]), N_VERTICES)
    (tmp_path / "x.label").write_bytes(b"#")
    with pytest.raises(ParcellationError, match=r"x\.label: not a file of labels by its name; known are \.annot, "):
        load_parcellation(tmp_path / "x.label", N_VERTICES)
    for s in ("lh", "rh"):
        write_annotation(tmp_path / f"{s}.x.annot", ["???", *AREAS], LABELS * 0)
    with pytest.raises(ParcellationError, match="no vertex has a region"):
        load_parcellation(tmp_path / "lh.x.annot", N_VERTICES)


@pytest.mark.parametrize(("colour", "said"), [((1, 1, 1), "'V1', 'V2'"), ((0, 0, 0), "'V1'")])
def test_areas_that_their_colours_do_not_tell_apart(tmp_path: Path, colour: tuple[int, int, int], said: str) -> None:
    """V1 in the colour of V2, or in black, which vertices without a label have."""
    names = ["???", "V2", "V1"]
    colours = np.array([[1, 0, 1, 0], [1, 1, 1, 0], [*colour, 0]])
    for side in ("lh", "rh"):
        write_annot(str(tmp_path / f"{side}.x.annot"), np.array([-1, 0, 1, 2, 2]), colours, names, fill_ctab=True)
    with pytest.raises(ParcellationError, match=rf"lh\.x\.annot: the vertices of {said} cannot be told"):
        load_parcellation(tmp_path, 10)


def test_names_in_another_encoding_stay_apart(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are spelled out: replaced by one mark, two regions would become one."""
    for side in ("lh", "rh"):
        path = write_annotation(tmp_path / f"{side}.x.annot", ["???", "Xa", "Xb", "c"])
        path.write_bytes(path.read_bytes().replace(b"Xa\0", b"\xe9a\0").replace(b"Xb\0", b"\xe8a\0"))
    assert load_parcellation(tmp_path, N_VERTICES).regions == ("\\xe9a", "\\xe8a", "c")
