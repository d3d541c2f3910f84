"""Optional packages: three situations, three messages."""

import sys
from pathlib import Path

import pytest

from tribe_np.errors import MissingDependencyError, TribeError
from tribe_np.optional import require


def test_an_installed_package_is_returned() -> None:
    assert require("json", extra="none", why="a test") is sys.modules["json"]
    assert require("os.path", extra="none", why="a test") is sys.modules["os.path"]


def test_not_installed_names_why_and_the_extra() -> None:
    with pytest.raises(MissingDependencyError) as caught:
        require("no_such_package_here.inner", extra="text", why="--text-model")
    assert str(caught.value) == (
        '--text-model needs no_such_package_here, which is not installed. Install it: pip install "tribe_np[text]"'
    )
    assert isinstance(caught.value, TribeError)
    assert isinstance(caught.value, ImportError)


def test_a_package_is_named_as_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "PIL.Image", raising=False)
    with pytest.raises(MissingDependencyError, match="a picture needs Pillow, which is not installed"):
        require("PIL.Image", extra="media", why="a picture")
    with pytest.raises(MissingDependencyError, match=r"a test needs json\.no_such_part, which is not installed"):
        require("json.no_such_part", extra="none", why="a test")


@pytest.mark.parametrize(
    ("source", "cause"),
    [("import another_missing_one", "another_missing_one"), ("raise OSError('no libfoo')", "no libfoo")],
)
def test_installed_but_broken_says_so(source: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_package_here.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingDependencyError, match=f"installed but does not import: .*{cause}"):
        require("broken_package_here", extra="text", why="a test")
