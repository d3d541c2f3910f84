"""docs/conformance.md: a line for each kit and peer, made by the tool, and true in the parity environment."""

import re

import pytest

from tools.conformance.main import PAGE, main, missing_lines
from tools.conformance.port_reading import CAUSES, READ
from tools.conformance.verdicts import FAILS, PASSES, Verdict
from tools.reference.kit_peers import PEERS
from tribe_np.oracle.kit_models.kit_catalogue import kit_model

TEXT = PAGE.read_text(encoding="utf-8")
PEERS_PART, PORT_PART = (
    TEXT.partition(f"<!-- {name}: begin -->")[2].partition(f"<!-- {name}: end -->")[0] for name in ("peers", "port")
)
LINES = [line.strip("| ").split(" | ") for line in PEERS_PART.splitlines() if re.match(r"\| \w+/\w+ \|", line)]
KITS = [f"{model}/{case.name}" for model in PEERS for case in kit_model(model).cases]


def test_each_kit_has_one_line_of_its_library() -> None:
    assert [line[0] for line in LINES] == KITS
    assert [line[1] for line in LINES] == [PEERS[kit.partition("/")[0]] for kit in KITS]
    for _, _, verdict, taps, worst, share in LINES:
        given, total = map(int, taps.split(" of "))
        assert 0 < given <= total
        assert worst.startswith("`")
        assert (verdict == PASSES) == (float(share) <= 1), "over its bound is a failure, and nothing else is"


def test_no_library_fails_a_kit() -> None:
    assert not [line[0] for line in LINES if line[2] == FAILS]


def test_the_port_has_a_line_for_each_kit_of_the_encoder_and_reasons_are_of_kits() -> None:
    cases = [case.name for case in kit_model("encoder").cases]
    assert re.findall(r"^\| encoder/(\w+) \|", PORT_PART, re.MULTILINE) == cases
    assert set(CAUSES) <= set(cases)
    for line in PORT_PART.splitlines():
        if line.startswith("| encoder/") and "fails" in line:
            assert re.search(r"\(`[\w/]+\.rs:\d+`\) \|$", line), f"no reason with file and line: {line}"
    assert all(what in PORT_PART for what, _, _ in READ)


def test_a_page_that_says_something_else_is_told() -> None:
    known = Verdict("encoder/plain", PEERS["encoder"], PASSES, "1 of 1", "encoder.output", 0.1)
    assert missing_lines(TEXT, [known]) == []
    (told,) = missing_lines(TEXT, [Verdict("encoder/new", PEERS["encoder"], PASSES, "1 of 1", "encoder.output", 0.1)])
    assert told.startswith("the page lacks: | encoder/new |")
    stale, fails = missing_lines(TEXT, [Verdict("llama/plain", PEERS["llama"], FAILS, "1 of 1", "llama.output", 9.0)])
    assert (stale[:15], fails[:7]) == ("the page lacks:", "fails: ")


@pytest.mark.parity
@pytest.mark.parametrize("model", PEERS)
def test_the_page_is_what_the_libraries_compute(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", "--only", model]) == 0, capsys.readouterr().err
