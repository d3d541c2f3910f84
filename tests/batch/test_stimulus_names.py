"""Names of stimuli: unique, safe on every disk, and the same in whatever order stimuli are listed."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.lists.stimulus_names import MOST_BYTES, folded, named_stimuli, safe_name

ODD = st.text(st.sampled_from("aAbé̶ﬁßıİſ_.- ~:?*\\2\t\u200b\udcff😀"), max_size=6)
PARTS = st.one_of(st.sampled_from(["a", "A", "a_2", "b", "con", "é", "é"]), ODD).filter(
    lambda part: part not in ("", ".", "..")
)


@st.composite
def stimuli(draw: st.DrawFn) -> ListedStimulus:
    folders = draw(st.lists(PARTS, max_size=3))
    path = Path("/", *folders, draw(PARTS) + draw(st.sampled_from([".mp4", ".wav"])))
    some = st.sampled_from([None, "a", "b", "/"])
    transcript = draw(st.sampled_from([None, Path("/a.srt"), Path("/b/a.srt")]))
    columns = draw(st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["", "1", "2"])))
    return ListedStimulus("", path, transcript, draw(some), draw(some), columns)


def identity(one: ListedStimulus) -> str:
    return repr((one.settings, sorted(one.columns.items())))


def assert_safe(name: str) -> None:
    assert name
    assert len(name.encode()) <= MOST_BYTES
    assert name == safe_name(name) == unicodedata.normalize("NFC", name)
    assert name.isprintable()
    assert name[0] not in ".- ~"
    assert name[-1] not in ". "
    assert not set(name) & set('/\\<>:"|?*')


@given(st.text())
@example("con")
@example("COM1.x")
@example("é" * 300)
@example("a" * 191 + ". " + "b" * 50)
@example("\udcff")
@example("...")
def test_any_text_makes_a_safe_name(text: str) -> None:
    assert_safe(safe_name(text))


def test_long_names_that_differ_at_the_end_stay_apart() -> None:
    assert safe_name("x" * 300 + "a") != safe_name("x" * 300 + "b")


@given(st.lists(stimuli(), max_size=8), st.randoms(use_true_random=False))
def test_names_are_unique_safe_and_the_same_in_any_order(listed: list[ListedStimulus], random: object) -> None:
    named, _ = named_stimuli(listed)
    assert len({folded(one.name) for one in named}) == len(listed)
    for one, asked in zip(named, listed, strict=True):
        assert_safe(one.name)
        assert (one.settings, one.columns) == (asked.settings, asked.columns)
    shuffled = list(listed)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    again, _ = named_stimuli(shuffled)
    assert sorted((identity(one), one.name) for one in again) == sorted((identity(one), one.name) for one in named)


def names(*paths: str, **settings: str) -> list[str]:
    return [one.name for one in named_stimuli([ListedStimulus("", Path(path)) for path in paths])[0]]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/d/a.mp4", "/d/b.mp4"], ["a", "b"]),
        (["/d/a.mp4", "/d/a.wav"], ["a_mp4", "a_wav"]),
        (["/d/1/a.mp4", "/d/2/a.wav"], ["1_a", "2_a"]),
        (["/d/1/run/a.mp4", "/d/2/run/a.mp4"], ["1_a", "2_a"]),
        (["/d/1/r1/a.mp4", "/d/1/r2/a.mp4", "/d/2/r1/a.mp4"], ["1_r1_a", "1_r2_a", "2_r1_a"]),
        (["/d/a.mp4", "/d/s/a.mp4", "/d/s/a.wav"], ["d_a_mp4", "s_a_mp4", "s_a_wav"]),
        (["/d/a.mp4", "/d/a.mp4", "/d/b.mp4"], ["a", "a_2", "b"]),
    ],
)
def test_what_differs_is_added(paths: list[str], expected: list[str]) -> None:
    assert names(*paths) == expected


def test_settings_tell_one_file_apart() -> None:
    path = Path("/a.mp4")
    for listed, expected in (
        ([ListedStimulus("", path, subject=who) for who in ("s1", "s2")], ["a_s1", "a_s2"]),
        ([ListedStimulus("", path, language=what) for what in (None, "fr")], ["a", "a_fr"]),
        ([ListedStimulus("", path, Path(f"/{what}.srt")) for what in "xy"], ["a_x", "a_y"]),
        ([ListedStimulus("", path, columns={"same": "0", "run": what}) for what in "12"], ["a_1", "a_2"]),
    ):
        assert [one.name for one in named_stimuli(listed)[0]] == expected


def test_notes_count() -> None:
    listed = [ListedStimulus("", Path(path)) for path in ("/1/a.mp4", "/2/a.mp4", "/2/a.mp4", "/w?.mp4")]
    _, notes = named_stimuli(listed)
    assert notes == [
        "1 stimulus is listed more than once: computed once, and predicted under each name (2_a, 2_a_2)",
        "3 stimuli share the names of their files and have longer ones, by what differs (1_a, 2_a, 2_a_2)",
        "1 name was made fit for folders (w?.mp4 is w_)",
    ]
