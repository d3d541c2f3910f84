"""The user's own folders, by the platform's convention and by the hub's rule."""

from pathlib import Path

import pytest

from tribe_np.files.home import hub_cache_folder, user_cache_folder


def test_the_user_cache_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache_folder() == tmp_path / "tribe_np"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert user_cache_folder() == Path.home() / ".cache" / "tribe_np"
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_cache_folder() == Path.home() / "Library" / "Caches" / "tribe_np"


def test_the_hub_cache_is_where_huggingface_hub_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    assert hub_cache_folder() == Path("/home/me/.cache/huggingface/hub")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert hub_cache_folder() == Path("/xdg/huggingface/hub")
    monkeypatch.setenv("HF_HOME", "~/hf")
    assert hub_cache_folder() == Path("/home/me/hf/hub")
    monkeypatch.setenv("HF_HUB_CACHE", "/hub")
    assert hub_cache_folder() == Path("/hub")
