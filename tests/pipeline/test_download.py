"""tribe-np download against a stand-in for the hub on 127.0.0.1; the real one was not reached."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.conftest import refused
from tests.pipeline.hub_server import COMMIT, HubServer
from tribe_np.errors import MissingDependencyError, OutputError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.download import Hub, RemoteFile, choose_files, fetch, without_secrets
from tribe_np.pipeline.progress import Silent

pytestmark = pytest.mark.extras

ENCODER = "facebook/tribev2"
TEXT, AUDIO, VIDEO = "meta-llama/Llama-3.2-3B", "facebook/w2v-bert-2.0", "facebook/vjepa2-vitg-fpc64-256"
BIG = bytes(range(256)) * 90_000  # 23 MB: the library resumes from whole blocks of 10 MiB
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def hub(demo: DemoPaths) -> Iterator[HubServer]:
    encoder = {p.name: p.read_bytes() for p in (demo.models / "encoder").iterdir()}
    models = {
        ENCODER: {**encoder, "README.md": b"words", ".gitattributes": b""},
        TEXT: {"config.json": b'{"model_type": "llama"}', "model-0.safetensors": b"t", "original/weights.pth": b"o"},
        AUDIO: {
            "config.json": b'{"model_type": "wav2vec2-bert"}',
            "model.safetensors": b"a",
            "pytorch_model.bin": b"b",
        },
        VIDEO: {"config.json": b'{"model_type": "vjepa2"}', "pytorch_model.bin": b"v"},
    }
    with HubServer(models, gated={TEXT}, token="hf_good") as server:
        yield server


@pytest.fixture
def download(hub: HubServer, tmp_path: Path) -> Command:
    """Runs tribe-np download with a home of its own; the library reads its settings when imported, hence the child."""

    def run(*arguments: object, **settings: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TRIBE_NP", "HF_"))}
        own = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_TELEMETRY": "1"}
        return subprocess.run(
            [sys.executable, "-m", "tribe_np", "download", *map(str, arguments)],
            capture_output=True, text=True, timeout=60, check=False, env=clean | own | settings,
        )  # fmt: skip

    return run


def snapshot(home: Path, name: str) -> Path:
    return home / "hub" / f"models--{name.replace('/', '--')}" / "snapshots" / COMMIT


def test_the_encoder_and_its_extractors(download: Command, hub: HubServer, tmp_path: Path) -> None:
    done = download(ENCODER, HF_TOKEN="hf_good")
    assert done.returncode == 0, done.stderr
    for name in (ENCODER, TEXT, AUDIO, VIDEO):
        assert f"{name}: {snapshot(tmp_path / 'home', name)}" in done.stdout
    assert "CC BY-NC 4.0" in done.stdout
    got = snapshot(tmp_path / "home", ENCODER)
    assert sorted(p.name for p in got.iterdir()) == ["build_args.json", "config.yaml", "model.safetensors"]
    assert (got / "model.safetensors").read_bytes() == hub.models[ENCODER]["model.safetensors"]
    assert [p.name for p in sorted(snapshot(tmp_path / "home", AUDIO).iterdir())] == [
        "config.json",
        "model.safetensors",
    ]
    assert (snapshot(tmp_path / "home", VIDEO) / "pytorch_model.bin").read_bytes() == b"v"
    assert "Bearer hf_good" in hub.tokens

    before = hub.count("GET", "/resolve")
    assert download(ENCODER, HF_TOKEN="hf_good").returncode == 0
    assert hub.count("GET", "/resolve") == before, "what is here is not fetched again"

    asked = len(hub.requests)
    offline = download(ENCODER, "--quiet", HF_HUB_OFFLINE="1")
    assert (offline.returncode, offline.stderr) == (0, "")
    assert len(hub.requests) == asked
    assert offline.stdout == done.stdout


def test_a_gated_model_names_its_page_and_the_login_and_stops_no_other(download: Command, hub: HubServer) -> None:
    done = download(ENCODER)
    line = refused(done)
    assert f"{TEXT} is gated: accept its conditions on {hub.address}/{TEXT}" in line
    assert "hf auth login" in line
    assert f"missing: {TEXT}" in line
    assert hub.count("GET", "model.safetensors") == 2
    assert hub.count("GET", "pytorch_model.bin") == 1
    hub.tokens.clear()
    assert "is gated" in refused(download(TEXT, HF_TOKEN="hf_bad"))
    assert "Bearer hf_bad" in hub.tokens


def test_into_a_models_folder(download: Command, hub: HubServer, tmp_path: Path) -> None:
    done = download(ENCODER, "--models", tmp_path / "models", "--no-extractors")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "models" / ENCODER / "model.safetensors").is_file()
    assert not (tmp_path / "models" / AUDIO).exists()
    offline = download(ENCODER, "--models", tmp_path / "models", "--no-extractors", HF_HUB_OFFLINE="1")
    assert offline.stdout == done.stdout
    info = [sys.executable, "-m", "tribe_np", "info", str(tmp_path / "models" / ENCODER)]
    assert subprocess.run(info, capture_output=True, check=False).returncode == 0


def test_a_file_that_somebody_changed_is_not_replaced(download: Command, hub: HubServer, tmp_path: Path) -> None:
    into = ["--models", tmp_path / "models"]
    folder = tmp_path / "models" / AUDIO
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("mine")
    assert "config.json: exists and is neither the hub's file nor" in refused(download(AUDIO, *into))
    assert {p.name: p.read_text() for p in folder.iterdir()} == {"config.json": "mine"}
    (folder / "config.json").unlink()
    assert download(AUDIO, *into).returncode == 0
    hub.models[AUDIO]["config.json"] += b"\n"  # the hub has a newer one, and ours is as we left it
    assert download(AUDIO, *into).returncode == 0
    assert (folder / "config.json").read_bytes() == hub.models[AUDIO]["config.json"]
    (folder / "model.safetensors").write_bytes(b"trained further")
    assert "model.safetensors: exists and is neither" in refused(download(AUDIO, *into))
    assert (folder / "model.safetensors").read_bytes() == b"trained further"


def test_a_connection_cut_half_way_goes_on_where_it_stopped(download: Command, hub: HubServer, tmp_path: Path) -> None:
    hub.models[AUDIO]["model.safetensors"] = BIG
    hub.cut.add("model.safetensors")
    done = download(AUDIO)
    assert done.returncode == 0, done.stderr
    assert (snapshot(tmp_path / "home", AUDIO) / "model.safetensors").read_bytes() == BIG
    ranges = [asked for method, path, asked in hub.requests if method == "GET" and "model.safetensors" in path]
    assert ranges[0] is None
    assert len(ranges) == 2
    assert ranges[1] is not None
    assert 0 < int(ranges[1].removeprefix("bytes=").removesuffix("-")) < len(BIG)  # where depends on the library


@pytest.mark.parametrize("models", [False, True])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_wrong_digest_is_refused_and_removed(
    download: Command, hub: HubServer, tmp_path: Path, models: bool, name: str
) -> None:
    where = ["--models", str(tmp_path / "models")] if models else []
    folder = tmp_path / "models" / AUDIO if models else snapshot(tmp_path / "home", AUDIO)
    hub.damaged.add(name)
    assert f"{name} does not match its digest and was removed" in refused(download(AUDIO, *where))
    assert not (folder / name).exists()
    hub.damaged.clear()
    assert download(AUDIO, *where).returncode == 0
    assert (folder / name).read_bytes() == hub.models[AUDIO][name]


def test_what_cannot_be_had(download: Command, hub: HubServer, tmp_path: Path) -> None:
    hub.models["some/text"] = {"README.md": b"words"}
    assert "no such model, or a private one" in refused(download("some/model"))
    assert "holds no weights that this package reads" in refused(download("some/text"))
    assert "expected ORGANISATION/NAME" in refused(download("a//b c"))
    assert "is not on this machine and HF_HUB_OFFLINE is set" in refused(download(AUDIO, HF_HUB_OFFLINE="1"))
    (tmp_path / "models" / AUDIO).mkdir(parents=True)
    line = refused(download(AUDIO, "--models", tmp_path / "models", HF_HUB_OFFLINE="1"))
    assert "holds no weights, and HF_HUB_OFFLINE is set" in line
    (tmp_path / "file").write_text("")
    assert "file" in refused(download(AUDIO, "--models", tmp_path / "file"))


def test_a_hub_that_fails_or_is_not_there(download: Command, hub: HubServer) -> None:
    assert "cannot be fetched; what was downloaded is kept" in refused(
        download(AUDIO, HF_ENDPOINT="http://127.0.0.1:9")
    )
    hub.failing = True
    assert "the hub answered with an error" in refused(download(AUDIO))


@pytest.mark.parametrize("answer", [b"<html>Please log in</html>", b"{}", b"[1]", b'{"id": "a/b", "siblings": 3}'])
def test_what_answers_is_no_hub(download: Command, hub: HubServer, answer: bytes) -> None:
    hub.saying = answer
    assert "the answer is not from a model hub" in refused(download(AUDIO))


def test_a_hub_that_never_answers(download: Command, hub: HubServer) -> None:
    hub.silent = True
    assert "cannot be fetched; what was downloaded is kept" in refused(download(AUDIO, HF_HUB_DOWNLOAD_TIMEOUT="1"))


def test_a_config_that_names_nonsense(download: Command, hub: HubServer) -> None:
    config = hub.models[ENCODER]["config.yaml"]
    hub.models[ENCODER]["config.yaml"] = config.replace(TEXT.encode(), b"../../etc")
    assert config != hub.models[ENCODER]["config.yaml"]
    line = refused(download(ENCODER))
    assert "'../../etc' is not a model's name" in line
    assert f"fetched: {ENCODER}, {AUDIO}, {VIDEO}; missing: ../../etc" in line
    hub.models["some/encoder"] = {"config.yaml": b"brain_model_config: {}\ndata: 3\n", "best.ckpt": b"c"}
    assert "config.yaml: data must be a mapping, got 3" in refused(download("some/encoder"))


def test_a_listing_without_end(download: Command, hub: HubServer) -> None:
    hub.models[AUDIO] = {f"model-{n}.safetensors": b"" for n in range(2000)}
    assert "lists 2000 files, more than a model has" in refused(download(AUDIO))
    assert hub.count("GET", "/resolve") == 0


def test_the_hub_does_not_choose_which_file_is_removed(download: Command, hub: HubServer, tmp_path: Path) -> None:
    """An ETag with `..` makes the library link to any file; its digest is wrong, and it must stay."""
    (tmp_path / "mine").write_text("mine")
    hub.etags["config.json"] = "../../../../mine"
    assert "does not match its digest" in refused(download(AUDIO))
    assert (tmp_path / "mine").read_text() == "mine"


def test_secrets_are_not_shown(download: Command, hub: HubServer) -> None:
    for address in (hub.address, "http://127.0.0.1:9"):
        hub.failing = True
        secret = address.replace("//", "//me:hunter2@")
        done = download(AUDIO, HF_ENDPOINT=secret, HF_TOKEN="hf_good")
        assert address in refused(done)
        assert "hunter2" not in done.stderr + done.stdout
        assert "hf_good" not in done.stderr + done.stdout
    text = "403 for url 'https://x.org/f?Signature=abc&Key=1' with hf_abcDEF"
    assert without_secrets(text) == "403 for url 'https://x.org/f?...' with hf_..."


def test_a_full_disk_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    calls: list[str] = []

    def full(repository: str, name: str, **options: object) -> str:
        calls.append(name)
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / name))

    sibling = SimpleNamespace(rfilename="model.safetensors", size=1, lfs=None, blob_id=None)
    info = SimpleNamespace(siblings=[sibling])
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda *_, **__: info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", full)
    with pytest.raises(OutputError, match=r"model\.safetensors: No space left on device"):
        fetch(AUDIO, Hub(None, Silent()))
    assert calls == ["model.safetensors"]


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for name in [n for n in sys.modules if n.startswith("huggingface_hub.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingDependencyError, match=r'needs huggingface_hub.*pip install "tribe_np\[hub\]"') as caught:
        fetch(ENCODER, Hub(None, Silent()))
    assert "\n" not in str(caught.value)


def test_one_form_of_the_weights_is_chosen() -> None:
    def chosen(*names: str) -> list[str]:
        return [f.name for f in choose_files([RemoteFile(n, 1, None, None) for n in names])]

    assert chosen("best.ckpt", "config.yaml", "README.md") == ["config.yaml", "best.ckpt"]
    assert chosen("pytorch_model.bin", "model.safetensors", "x/model.safetensors") == ["model.safetensors"]
    assert chosen("model-1.safetensors", "model.safetensors.index.json") == [
        "model.safetensors.index.json", "model-1.safetensors",
    ]  # fmt: skip
    assert chosen("pytorch_model-1.bin", "pytorch_model.bin.index.json", ".hidden.json") == [
        "pytorch_model.bin.index.json", "pytorch_model-1.bin",
    ]  # fmt: skip
    assert chosen("../model.safetensors", "/etc/config.json", "model\x1b.safetensors", "..json") == []
    assert chosen("config.json", "flax_model.msgpack") == []


def test_offline_after_an_interruption_names_the_shard(download: Command, hub: HubServer, tmp_path: Path) -> None:
    assert download(ENCODER, HF_TOKEN="hf_good").returncode == 0
    folder = snapshot(tmp_path / "home", AUDIO)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2.safetensors"}}')
    offline = download(AUDIO, HF_HUB_OFFLINE="1")
    assert offline.returncode == 2
    assert "model-2.safetensors is missing, and HF_HUB_OFFLINE is set" in offline.stderr
