"""plan.json: tasks follow from packed work, equal after reading; damaged ones and those of another version."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.batch.plan import Plan, PlannedStimulus, read_plan, write_plan
from tribe_np.batch.planning.packed_work import numbers, packed, ranges, unpacked
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study
from tribe_np.batch.task import PREDICTION, TaskReport, Work
from tribe_np.errors import ConfigError, OutputError

SETTINGS = StudySettings("/models/encoder", {"video": "/models/video"}, "/cache", 2)
FILM = Work("video", (2,), ("video-features-a",), 10, 4, 1000, 20.0)
SOUND = Work("audio", (0, 1), ("audio-features-a", "audio-features-b"), 1, 1, 500, 3.0)


def a_plan(*more: PlannedStimulus, settings: StudySettings = SETTINGS) -> Plan:
    """A film and its copy, of which only the first has work."""
    first = PlannedStimulus(
        "one", "/films/one.mp4", "video", seconds=5.0, work=(FILM, SOUND), key="prediction-1", memory=7,
        columns={"condition": "calm"}, warnings=("odd",),
    )  # fmt: skip
    copy = PlannedStimulus("two", "/films/two.mp4", borrowed=(FILM, SOUND), key="prediction-2", subject="sub-1")
    return Plan(settings, (first, copy, *more))


def test_tasks_follow_from_work() -> None:
    plan = a_plan(PlannedStimulus("bad", "/films/bad.mp4", error="/films/bad.mp4: no film"))
    keys = [task.key for task in plan.tasks()]
    assert {task.parts for task in plan.tasks()} == {(0, 3), (3, 6), (6, 10), None}
    assert len(set(keys)) == 4
    assert {task.stimulus for task in plan.tasks()} == {"one"}
    assert sum(task.need.seconds for task in plan.tasks()) == pytest.approx(23)
    assert [task.need.seconds for task in plan.tasks()] == sorted((t.need.seconds for t in plan.tasks()), reverse=True)
    assert all(task.need.cores == 2 for task in plan.tasks())
    one, two = plan.predictions()
    assert (one.key, one.modality, one.entries, one.need.memory) == ("prediction-1", PREDICTION, (), 7)
    assert two.stimulus == "two"
    assert set(plan.stimulus("one").needs) == set(plan.stimulus("two").needs) == set(keys)
    assert plan.task(keys[0]).key == keys[0]
    assert plan.task("prediction-2") == two


def test_what_is_not_planned_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no stimulus 'onne' in the plan; did you mean one"):
        a_plan().stimulus("onne")
    with pytest.raises(ConfigError, match="no task"):
        a_plan().task("video-features-z")


def test_reading_gives_what_was_written(tmp_path: Path) -> None:
    own = replace(
        SETTINGS, options={"only": ["video"], "language": "french"}, selection={"roi": ["V1"]}, folders=("/models",)
    )
    plan = a_plan(PlannedStimulus("bad", "/b.mp4", error="no film"), settings=own)
    write_plan(Study(tmp_path / "study"), plan)
    assert read_plan(Study(tmp_path / "study")) == plan


def test_two_hundred_films_of_two_hours_are_a_few_megabytes(tmp_path: Path) -> None:
    """Chunks of a minute, a sentence every twelve words; one in ten is written, the rest is alike."""
    said = tuple(row for row in range(20_000) if row % 13)
    films = []
    for n in range(20):
        chunks = [Work("video", (row,), (f"video-features-{n:020d}{row:020d}",), 120, 10, 10**9, 43210.123)
                  for row in range(120)]  # fmt: skip
        sound = Work("audio", tuple(range(120)), tuple(f"audio-features-{n:020d}{c:020d}" for c in range(120)), 1, 1,
                     10**9, 4321.5)  # fmt: skip
        words = Work("text", said, (f"text-features-{n:040d}",), 5000, 10, 10**9, 1e6)
        films.append(PlannedStimulus(f"film{n}", f"/films/{n}.mp4", "video", work=(*chunks, sound, words), key=f"p{n}"))
    study = Study(tmp_path / "study")
    write_plan(study, Plan(SETTINGS, tuple(films)))
    assert 10 * study.plan.stat().st_size < 10_000_000
    plan = read_plan(study)
    assert plan.stimuli == tuple(films)
    assert len(plan.tasks()) == 20 * (120 * 12 + 1 + 500)


@given(st.lists(st.integers(0, 60), max_size=40))
def test_ranges_are_the_numbers(rows: list[int]) -> None:
    assert list(numbers(ranges(rows))) == rows


works = st.builds(
    lambda modality, rows, single, n_parts, seconds: Work(
        modality, tuple(rows), tuple(f"{modality}-{row}" for row in (rows[:1] if single else rows)), n_parts, 3, 9,
        seconds,
    ),
    st.sampled_from(["a", "b"]), st.lists(st.integers(0, 30), min_size=1, max_size=6), st.booleans(),
    st.sampled_from([1, 7]), st.sampled_from([0.5, 2.0]),
)  # fmt: skip


@given(st.lists(works, max_size=8))
def test_packed_work_is_the_work(found: list[Work]) -> None:
    again = unpacked(json.loads(json.dumps(packed(found))))
    assert again == tuple(found)


def test_another_version_is_refused(tmp_path: Path) -> None:
    study = Study(tmp_path)
    write_plan(study, a_plan())
    found = json.loads(study.plan.read_text())
    found["made_by"] = {"tribe_np": "0.0.9", "features": 4}
    study.plan.write_text(json.dumps(found))
    with pytest.raises(ConfigError, match=r"was planned by tribe_np 0\.0\.9 with features 4, this is .*another folder"):
        read_plan(study)


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: found.pop("settings"),
        lambda found: found.pop("made_by"),
        lambda found: found["settings"].update(models="no"),
        lambda found: found["settings"].update(colour="red"),
        lambda found: found.update(stimuli=7),
        lambda found: found["stimuli"][0].pop("name"),
        lambda found: found["stimuli"][0]["work"][0].update(rows="x"),
        lambda found: found["stimuli"][0]["work"][0].update(n_parts=0),
        lambda found: found["stimuli"][0]["work"][0].pop("modality"),
        lambda found: found["stimuli"][0]["work"].append(None),
        lambda found: found["stimuli"][1].update(borrowed=["nothing"]),
    ],
)
def test_a_damaged_plan_is_told_in_one_line(tmp_path: Path, damage: Any) -> None:
    study = Study(tmp_path)
    write_plan(study, a_plan())
    found = json.loads(study.plan.read_text())
    damage(found)
    study.plan.write_text(json.dumps(found))
    with pytest.raises(OutputError, match=r"plan\.json: is damaged: ") as raised:
        read_plan(study)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"made_by": 3}', "\udcff", "[" * 100_000])
def test_what_is_no_plan_at_all(tmp_path: Path, text: str) -> None:
    study = Study(tmp_path)
    study.plan.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(OutputError, match=r"plan\.json: is damaged"):
        read_plan(study)


def test_a_folder_without_a_plan(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no plan\.json; make one with tribe-np batch plan"):
        read_plan(Study(tmp_path))


def test_reading_a_plan_imports_no_numpy(tmp_path: Path) -> None:
    write_plan(Study(tmp_path), a_plan())
    code = (
        "import sys\nfrom pathlib import Path\nfrom tribe_np.batch.plan import read_plan\n"
        f"from tribe_np.batch.study import Study\nplan = read_plan(Study(Path({str(tmp_path)!r})))\n"
        "plan.tasks(), plan.settings.word_source(plan.stimuli[0])\nprint('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_report_of_any_state_is_told_but_only_some_are_read(tmp_path: Path) -> None:
    study, claimed = Study(tmp_path), TaskReport("k", "claimed")
    assert TaskReport.from_dict(claimed.as_dict()) == claimed
    study.write_report(claimed)
    assert study.read_report("k") is None
    study.write_report(TaskReport("k", "done"))
    assert study.read_report("k") == TaskReport("k", "done")
