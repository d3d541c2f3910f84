"""tribe-np download hcp-mmp1 against a stand-in for figshare on 127.0.0.1; the real one was not reached."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, refused
from tools.reference.regions import AREAS, write_annotations
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.pipeline import atlas_download
from tribe_np.pipeline.atlas_download import FILES, AtlasFile

NAMES = ("lh.HCP-MMP1.annot", "rh.HCP-MMP1.annot")
LOGIN = b"<!DOCTYPE html><title>Welcome to the guest network</title>"


@dataclass
class Figshare:
    """Sends each file under files/NAME, by way of another address as figshare does."""

    files: dict[str, bytes]
    wrong: dict[str, Any] = field(default_factory=dict)  # a status, other bytes, or "cut" or "silent", by name
    asked: list[str] = field(default_factory=list)
    address: str = ""


def handler(figshare: Figshare) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def do_GET(self) -> None:
            figshare.asked.append(self.path)
            name = self.path.rsplit("/", 1)[1]
            if self.path.startswith("/files/"):
                self.send_response(302)
                self.send_header("Location", f"{figshare.address}/storage/{name}")
                return self.end_headers()
            wrong = figshare.wrong.get(name)
            if name not in figshare.files or isinstance(wrong, int):
                return self.send_error(wrong or 404)
            content = wrong if isinstance(wrong, bytes) else figshare.files[name]
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if wrong == "silent":
                threading.Event().wait(1)
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(content[: len(content) // 2] if wrong in ("cut", "silent") else content)
            return None

    return Handler


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    paths = write_annotations(tmp_path_factory.mktemp("made"))
    return {name: path.read_bytes() for name, path in zip(NAMES, paths, strict=True)}


@pytest.fixture
def figshare(annotations: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Figshare]:
    """The stand-in with synthetic annotations, whose addresses and digests take the place of figshare's."""
    served = Figshare(dict(annotations))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(served))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}"
    digests = {name: hashlib.md5(content).hexdigest() for name, content in served.files.items()}
    files = tuple(AtlasFile(name, f"{served.address}/files/{name}", digests[name]) for name in NAMES)
    monkeypatch.setattr(atlas_download, "FILES", files)
    monkeypatch.setattr(atlas_download, "SECONDS", 0.5)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "data" / "tribe_np" / "parcellations" / "hcp-mmp1"


ACCEPTED = ("download", "hcp-mmp1", "--accept-hcp-terms")


def test_the_terms_come_first(command_here: Command, figshare: Figshare, data: Path) -> None:
    done = command_here("download", "hcp-mmp1")
    assert "run tribe-np download hcp-mmp1 --accept-hcp-terms" in refused(done)
    assert "Open Access Data Use Terms" in done.stdout
    assert "6. Failure to abide" in done.stdout
    assert figshare.asked == []
    assert not data.exists()


def test_both_files_come_and_are_found_by_name(
    command_here: Command, figshare: Figshare, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command_here(*ACCEPTED, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"hcp-mmp1: {data} (HCP Open Access Data Use Terms; cite Glasser et al. (2016)")
    assert {name: (data / name).read_bytes() for name in NAMES} == figshare.files
    monkeypatch.delenv("SUBJECTS_DIR", raising=False)
    found = load_parcellation(None, 20484)
    assert found.name == "hcp-mmp1"
    assert set(found.regions) == set(AREAS)
    assert [file.path.parent for file in found.files] == [data, data]
    n_asked = len(figshare.asked)
    assert command_here(*ACCEPTED).stdout == done.stdout
    assert len(figshare.asked) == n_asked, "what is there is not fetched again"


def test_a_mirror(command_here: Command, figshare: Figshare, data: Path) -> None:
    assert command_here(*ACCEPTED, "--from", f"{figshare.address}/mirror/").returncode == 0
    assert figshare.asked == [f"/mirror/{name}" for name in NAMES]
    for odd in (
        "file:///etc",
        "mirror/",
        "https://",
        "http://u:secret@a/",
        "http://a:port/",
        "http://a b/",
        "http://ä/",
    ):
        line = refused(command_here(*ACCEPTED, "--from", odd))
        assert "expected an address such as https://example.org/atlas" in line
        assert "secret" not in line


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (404, "answered 404 (Not Found)"),
        (503, "answered 503 (Service Unavailable)"),
        (LOGIN, "is a web page (does the network ask for a login?)"),
        (b"", "is another file: its MD5 is not"),
        (b"\0" * 1000, "is another file: its MD5 is not"),
        ("cut", "the connection broke off after"),
        ("silent", "the connection broke off"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_both_files_or_none(
    wrong: Any, message: str, name: str, command_here: Command, figshare: Figshare, data: Path
) -> None:
    figshare.wrong[name] = wrong
    line = refused(command_here(*ACCEPTED))
    assert message in line
    assert name in line
    assert not data.exists() or not list(data.iterdir())
    assert [p for p in data.parent.glob("**/*") if p.is_file()] == []
    figshare.wrong.clear()
    assert command_here(*ACCEPTED).returncode == 0


def test_a_file_larger_than_any_is_not_kept(
    command_here: Command, figshare: Figshare, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas_download, "MAX_BYTES", 1000)
    assert "is larger than" in refused(command_here(*ACCEPTED))
    assert not data.exists()


def test_offline(command_here: Command, figshare: Figshare, data: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        line = refused(command_here(*ACCEPTED, "--from", f"http://127.0.0.1:{unused.getsockname()[1]}"))
    assert "cannot be reached: Connection refused" in line
    assert f"fetch the files by hand (figshare article 3498446) and put them in {data}" in line


def test_a_damaged_file_of_ours_is_replaced_and_a_persons_is_not(
    command_here: Command, figshare: Figshare, data: Path
) -> None:
    data.mkdir(parents=True)
    (data / NAMES[0]).write_bytes(b"mine")
    assert "holds other files" in refused(command_here(*ACCEPTED))
    assert (data / NAMES[0]).read_bytes() == b"mine"
    (data / NAMES[0]).unlink()
    assert command_here(*ACCEPTED).returncode == 0
    (data / NAMES[1]).unlink()
    assert command_here(*ACCEPTED).returncode == 0
    assert {name: (data / name).read_bytes() for name in NAMES} == figshare.files


def test_options_of_the_other_kind(command_here: Command) -> None:
    line = refused(command_here("download", "facebook/tribev2", "--accept-hcp-terms"))
    assert "--accept-hcp-terms is for hcp-mmp1" in line
    assert "--from is for hcp-mmp1" in refused(command_here("download", "facebook/tribev2", "--from", "http://a"))
    assert "--models is for models" in refused(command_here(*ACCEPTED, "--models", "x"))
    assert "--no-extractors is for models" in refused(command_here(*ACCEPTED, "--no-extractors"))


def test_the_pinned_files_are_those_that_mne_pins() -> None:
    assert [(file.name, file.address.rsplit("/", 1)[1], file.md5) for file in FILES] == [
        ("lh.HCP-MMP1.annot", "5528816", "46a102b59b2fb1bb4bd62d51bf02e975"),
        ("rh.HCP-MMP1.annot", "5528819", "75e96b331940227bbcb07c1c791c2463"),
    ]
    assert all(file.address.startswith("https://") for file in FILES)
