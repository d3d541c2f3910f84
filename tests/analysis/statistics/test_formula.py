"""Formulas of contrasts: weights in order, and one line that shows where one does not parse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.analysis.statistics.formula import FormulaError, check_conditions, is_plain, parse_formula

MEANT = {
    "faces - places": {"faces": 1, "places": -1},
    "0.5*a + 0.5*b - c": {"a": 0.5, "b": 0.5, "c": -1},
    "-a": {"a": -1},
    "--a-+b": {"a": 1, "b": -1},
    "a + a - 2*b": {"a": 2, "b": -2},
    "a - a + b": {"a": 0, "b": 1},
    "1/4*a + .5*b + 2.*c - 1e-1*d": {"a": 0.25, "b": 0.5, "c": 2, "d": -0.1},
    "'word-lists' - `a + b`\n+ \"it's\" - `2 back`": {"word-lists": 1, "a + b": -1, "it's": 1, "2 back": -1},
    "é.1 - 顔_2": {"é.1": 1, "顔_2": -1},
    "0.5 × a − 0.5 · b": {"a": 0.5, "b": -0.5},
}
WRONG = {  # formula: (what the message shows, what it says)
    "": ("at the end: >><<", "expected the name"),
    " - ": ("at the end:  - >><<", "expected the name"),
    "a -": ("at the end: a ->><<", "expected the name"),
    "a - * b": ("character 5 ('*'): a - >>*<< b", "expected the name"),
    "a b": ("character 3 ('b'): a >>b<<", "a name with blanks goes in quotes"),
    "a 2": ("character 3 ('2'): a >>2<<", "a name with blanks goes in quotes"),
    "a*2": ("character 2 ('*'): a>>*<<2", "as in 0.5*a"),
    "a/2": ("character 2 ('/'): a>>/<<2", "as in 1/2*a"),
    "2back - a": ("character 2 ('b'): 2>>back<< - a", "begins with a digit goes in quotes"),
    "3": ("at the end: 3>><<", "expected * and a condition"),
    "a + 3 - b": ("character 7 ('-'): a + 3 >>-<< b", "expected * and a condition"),
    "a - 1/0*b": ("character 7 ('0'): a - 1/>>0<<*b", "other than 0"),
    "a - 1/b": ("character 7 ('b'): a - 1/>>b<<", "other than 0"),
    "(a + b) - c": ("character 1 ('('): >>(<<a + b) - c", "brackets are not known"),
    "a - 'b": ("character 5 (\"'\"): a - >>'<<b", "not closed"),
    "a - ''": ("character 5 (\"'\"): a - >>''<<", "a name between the quotes"),
    "a & b": ("character 3 ('&'): a >>&<< b", "means nothing here"),
    "a - a": ("'a - a'", "weight 0"),
    "0.1*a + 0.2*a - 0.3*a": ("", "weight 0"),
    "0*a": ("'0*a'", "weight 0"),
    "1e999*a - b": ("'1e999*a - b'", "too large"),
    "1e308*a + 1e308*a - 1e308*a": ("", "too large"),
    "a" * 20_000: ("20,000 characters", "at most 10,000"),
}


@pytest.mark.parametrize(("text", "weights"), MEANT.items(), ids=MEANT)
def test_a_formula_becomes_weights_in_order(text: str, weights: dict[str, float]) -> None:
    found = parse_formula(text)
    assert dict(found) == pytest.approx(weights)
    assert list(found) == list(weights)


@pytest.mark.parametrize(("text", "shown"), WRONG.items(), ids=[text[:20] for text in WRONG])
def test_a_wrong_formula_shows_the_place_in_one_line(text: str, shown: tuple[str, str]) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    message = str(caught.value)
    assert "\n" not in message
    assert all(part in message for part in shown), message


def test_a_long_formula_is_shown_around_the_place() -> None:
    with pytest.raises(FormulaError, match=r"\.\.\.(\+ x\d+ ?)+>>\$<<( \+ x\d+ ?)+.*\.\.\.") as caught:
        parse_formula("a" + "".join(f"+ x{i} " for i in range(100)) + "$" + "".join(f" + x{i}" for i in range(100)))
    assert len(str(caught.value)) < 300


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        assert any(parse_formula(text).values())
    except FormulaError as error:
        said = str(error)
    else:
        said = ""
    assert said == "" or said.isprintable()


@given(st.dictionaries(st.text(min_size=1, max_size=6), st.floats(-1e6, 1e6).filter(bool), min_size=1, max_size=5))
def test_written_weights_are_read_back(weights: dict[str, float]) -> None:
    mark = {name: next((m for m in "'\"`" if m not in name), None) for name in weights}
    kept = {name: weight for name, weight in weights.items() if mark[name] and name.strip()}
    if kept:
        text = "".join(f" {'-' if w < 0 else '+'} {abs(w)!r} * {mark[n]}{n}{mark[n]}" for n, w in kept.items())
        assert dict(parse_formula(text)) == kept


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("facs", ["faces", "places"], "'facs', but the trials have faces, places; did you mean faces?"),
        ("word", ["word-lists", "faces"], "names with blanks or operators go in quotes: 'word-lists'"),
        ("it", ["it's-me"], 'go in quotes: "it\'s-me"'),
        ("z", [], "have none"),
        ("z", [f"c{i}" for i in range(12)], "c8, c9 and 2 more"),
    ],
)
def test_an_unknown_condition_is_named_with_what_is_near(name: str, known: list[str], said: str) -> None:
    with pytest.raises(FormulaError) as caught:
        check_conditions({name: 1.0}, known)
    assert said in str(caught.value)


def test_known_conditions_pass() -> None:
    check_conditions({"a": 1.0, "b c": -1.0}, ["b c", "a"])
    assert [is_plain(name) for name in ("a", "a.b_2", "a-b", "2a", "", "'a'")] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
