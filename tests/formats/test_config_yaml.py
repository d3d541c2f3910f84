"""config.yaml: upstream's ordinary tags read as plain data, hostile ones refused, nothing else than our errors."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.encoder.random_config import dump_config, experiment_config
from tribe_np.errors import CheckpointError
from tribe_np.formats.config_yaml import MAX_BYTES, parse_config_yaml, read_config_yaml

ORDINARY = """
infra:
    excludes: !!python/tuple
    - __pycache__
    - .git
data:
    transforms: !!python/object/apply:collections.OrderedDict
    -   -   - second
            -   folder: !!python/object/apply:pathlib.PosixPath
                - /
                - data
                - cache
        -   - first
            -   folder: !!python/object/apply:pathlib._local.PosixPath
                - relative
                - part
"""


def parse(text: str) -> dict:
    return parse_config_yaml(text, origin="config.yaml")


def test_upstreams_tags_become_plain_data() -> None:
    config = parse(ORDINARY)
    assert config["infra"]["excludes"] == ("__pycache__", ".git")
    transforms = config["data"]["transforms"]
    assert type(transforms) is dict
    assert list(transforms) == ["second", "first"]
    assert transforms["second"]["folder"] == "/data/cache"
    assert transforms["first"]["folder"] == "relative/part"


def test_other_plain_tags() -> None:
    text = "a: !!python/str x\nb: !!python/int 3\nc: !!python/none\nd: !!python/list [1]\ne: !!python/dict {k: 1}"
    assert parse(text) == {"a": "x", "b": 3, "c": None, "d": [1], "e": {"k": 1}}
    assert parse(
        "a: !!python/object/apply:collections.OrderedDict []\nb: !!python/object/apply:pathlib.PosixPath ['/']"
    ) == {
        "a": {},
        "b": "/",
    }


def test_a_whole_dump_comes_back() -> None:
    config = experiment_config(["video", "text"], {"hidden": 8, "name": "FmriEncoder"}, 100)
    read = parse(dump_config(config))
    assert list(read) == list(config)
    assert read["data"]["features_to_use"] == ["video", "text"]
    assert read["infra"]["workdir"]["excludes"] == ("__pycache__", ".git")
    transforms = read["data"]["study"]["transforms"]
    assert list(transforms) == list(config["data"]["study"]["transforms"])
    assert transforms["chunkvideos"]["infra"]["folder"] == "/random/cache"
    assert read["data"]["text_feature"] == config["data"]["text_feature"]


def test_anchors_and_merges_work() -> None:
    assert parse("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    "payload",
    [
        "!!python/object/apply:os.system ['touch {file}']",
        "!!python/object/apply:subprocess.check_output [['touch', '{file}']]",
        "!!python/object/new:subprocess.Popen [['touch', '{file}']]",
        "!!python/object:pathlib.PosixPath {{}}",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/object/apply:builtins.open ['{file}', 'w']",
        "!!python/object/apply:pathlib.Path.touch ['{file}']",
        "!!python/bytes 'aGk='",
        "!!python/object/apply:collections.OrderedDict [[[a, !!python/object/apply:os.system ['touch {file}']]]]",
    ],
)
def test_hostile_tags_are_refused_and_never_run(payload: str, tmp_path: Path) -> None:
    file = tmp_path / "touched"
    with pytest.raises(CheckpointError, match=r"config\.yaml: .*tag !!python/.*nothing was run") as caught:
        parse("a: " + payload.format(file=file))
    assert "\n" not in str(caught.value)
    assert not file.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("- 1\n- 2", "must hold a mapping, got list"),
        ("a: [1, 2", "not valid YAML: .* at line 1"),
        ("a: !unknown 3", "not valid YAML: .*!unknown"),
        ("a: !!python/tuple 3", "must tag a sequence"),
        ("a: !!python/object/apply:collections.OrderedDict [1, 2]", "pairs"),
        ("a: !!python/object/apply:collections.OrderedDict [[[1]]]", "pairs"),
        ("a: !!python/object/apply:pathlib.PosixPath {a: 1}", "must tag a sequence"),
        ("a: !!int x", "not valid YAML: ValueError"),
        ("a: !!bool x", "not valid YAML: KeyError"),
        ("a: !!timestamp x", "not valid YAML: AttributeError"),
        ("a: 2020-13-45", "not valid YAML: ValueError"),
        ("[a]: 1", "unhashable|must hold|not valid"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: &a [*a]", "its own parent"),
        ("a: " + "[" * 80 + "]" * 80, "nested deeper than 60"),
        ("a: " + "[" * 5000, "nested too deeply|not valid YAML"),
        ("a: " + "9" * 5000, "not valid YAML: a number of 5000 characters at line 1"),
        ("a: 0x" + "f" * 5000, "a number of 5002 characters"),
        ("a: 1" + ":1" * 40_000, "a number of 80001 characters"),
        ("a: !!python/long 0x" + "f" * 5000, "a number of 5002 characters"),
        ("\x00", "not valid YAML"),
    ],
)
def test_malformed_text_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message) as caught:
        parse(text)
    assert str(caught.value).startswith("config.yaml: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("link", ["[*{0}, *{0}, *{0}, *{0}]", "{{<<: [*{0}, *{0}, *{0}]}}"])
def test_an_alias_bomb_is_refused_before_it_unfolds(link: str) -> None:
    lines = ["a0: &a0 {k: 1}"]
    lines += [f"a{i}: &a{i} " + link.format(f"a{i - 1}") for i in range(1, 40)]
    with pytest.raises(CheckpointError, match="aliases expand"):
        parse("\n".join(lines))


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with pytest.raises(CheckpointError, match=r"config\.yaml: cannot be read"):
        read_config_yaml(path)
    path.write_bytes(b"a: \xff\xfe")
    with pytest.raises(CheckpointError, match="not UTF-8"):
        read_config_yaml(path)
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(CheckpointError, match="larger than"):
        read_config_yaml(path)
    path.write_text("a: ä", encoding="utf-8")
    assert read_config_yaml(path) == {"a": "ä"}


def parses_or_fails_in_one_line(text: str) -> bool:
    try:
        return isinstance(parse(text), dict)
    except CheckpointError as error:
        return "\n" not in str(error)


@given(st.text(alphabet="ab:-[]{}&*!<>?|'\" \n#0:.,%@`~\t" + "é\x00", max_size=60))
def test_only_our_error_escapes(text: str) -> None:
    assert parses_or_fails_in_one_line(text)


TAGS = (
    "!!int", "!!float", "!!bool", "!!binary", "!!timestamp", "!!omap", "!!pairs", "!!set", "!!seq", "!!map", "!!null",
    "!!python/tuple", "!!python/int", "!!python/none", "!!merge", "!!value", "!!python/dict",
)  # fmt: skip
VALUES = ("", "x", "[1, [2]]", "{a: 1}", "[[a, b]]", "'='", "-", "0b", ":", "1:")


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("value", VALUES)
def test_only_our_error_escapes_from_odd_tags(tag: str, value: str) -> None:
    assert parses_or_fails_in_one_line(f"a: {tag} {value}")
    assert parses_or_fails_in_one_line(f"? {tag} {value}\n: 1")


def test_cuts_and_flips_of_a_real_file() -> None:
    raw = ORDINARY.encode()
    for i in range(0, len(raw), 2):
        for changed in (raw[:i], raw[:i] + bytes([raw[i] ^ 0x15]) + raw[i + 1 :]):
            if changed.isascii():
                assert parses_or_fails_in_one_line(changed.decode())


def test_the_safe_loader_itself_is_left_alone() -> None:
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("!!python/tuple [1]")
