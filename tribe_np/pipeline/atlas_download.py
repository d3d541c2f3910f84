"""HCP-MMP1 on fsaverage from figshare: both files against their digests, into the user's data folder or not at all.

Figshare's addresses and the digests are those that MNE uses; it publishes MD5 and nothing stronger.
Source   MNE 1.13 datasets.utils.fetch_hcp_mmp_parcellation
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tribe_np import __version__
from tribe_np.cortex.parcellations.parcellation_sources import parcellations_folder
from tribe_np.errors import ConfigError, OutputError, ParcellationError, reason_of
from tribe_np.outputs.made_here import others_files_in
from tribe_np.outputs.whole import check_target, write_whole
from tribe_np.pipeline.download import without_secrets
from tribe_np.pipeline.progress import Progress

ATLAS = "hcp-mmp1"
COMMAND = f"download {ATLAS}"
MAX_BYTES = 16 << 20  # of a file; the real ones have 1.3 MB
SECONDS = 30.0  # without an answer
SCHEMES = ("http", "https")
AGAIN = "run the command again"


@dataclass(frozen=True)
class AtlasFile:
    """A file, where it is, and its MD5."""

    name: str
    address: str
    md5: str


FILES = (
    AtlasFile(
        "lh.HCP-MMP1.annot", "https://ndownloader.figshare.com/files/5528816", "46a102b59b2fb1bb4bd62d51bf02e975"
    ),
    AtlasFile(
        "rh.HCP-MMP1.annot", "https://ndownloader.figshare.com/files/5528819", "75e96b331940227bbcb07c1c791c2463"
    ),
)


def download_hcp_mmp1(progress: Progress, mirror: str | None = None) -> Path:
    """The folder that holds both files; they are fetched unless they are there already.

    `mirror`: the address of a folder that has files of the same names.
    Raises   ParcellationError for files that cannot be had; OutputError from the disk, or for a folder with other files
             in it; ConfigError for a mirror that is no address
    """
    if mirror is not None:
        _check_address(mirror)
    folder = _folder()
    if all((folder / file.name).is_file() and _is_right((folder / file.name).read_bytes(), file) for file in FILES):
        return folder
    reason = others_files_in(folder, COMMAND) if folder.is_dir() else None
    if reason:
        raise OutputError(f"{folder}: {reason}; move it away and {AGAIN}, or name its files with --parcellation")
    check_target(folder, lambda there: None, argument="")
    contents = {}
    with progress.stage(ATLAS, len(FILES), "files") as step:
        for file in FILES:
            contents[file.name] = _fetched(file, mirror, folder)
            step(1)
    write_whole(folder, _filled_with(contents), COMMAND, argument="")
    return folder


def _check_address(mirror: str) -> None:
    try:
        parts = urlsplit(mirror)
        is_right = parts.scheme in SCHEMES and parts.hostname and parts.username is None and mirror.isascii()
        _ = parts.port  # a ValueError where it is none
    except ValueError:
        is_right = False
    if not is_right or not mirror.isprintable() or " " in mirror:
        raise ConfigError(
            f"--from {without_secrets(mirror)}: expected an address such as https://example.org/atlas, without a "
            "password"
        )


def _folder() -> Path:
    folder = parcellations_folder()
    if folder is None:
        raise OutputError("this user has no home folder to keep the atlas in; set HOME or XDG_DATA_HOME")
    return folder / ATLAS


def _filled_with(contents: dict[str, bytes]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        for name, content in contents.items():
            (folder / name).write_bytes(content)

    return fill


def _fetched(file: AtlasFile, mirror: str | None, folder: Path) -> bytes:
    """The content of one file.

    Raises   ParcellationError: not to be had, or not what it should be
    """
    address = file.address if mirror is None else f"{mirror.rstrip('/')}/{file.name}"
    shown = f"{file.name}: {without_secrets(address)}"
    by_hand = f"or fetch the files by hand (figshare article 3498446) and put them in {folder}"
    try:
        content, n_promised = _answer(address)
    except HTTPError as error:
        raise ParcellationError(f"{shown} answered {error.code} ({error.reason}); try later, {by_hand}") from error
    except URLError as error:
        why = reason_of(error.reason) if isinstance(error.reason, Exception) else error.reason
        raise ParcellationError(f"{shown} cannot be reached: {why}; go online and {AGAIN}, {by_hand}") from error
    except (OSError, HTTPException) as error:
        raise ParcellationError(f"{shown}: the connection broke off: {reason_of(error)}; {AGAIN}") from error
    if len(content) > MAX_BYTES:
        raise ParcellationError(f"{shown} is larger than {MAX_BYTES} bytes, which no annotation of fsaverage is")
    if len(content) < n_promised:
        raise ParcellationError(
            f"{shown}: the connection broke off after {len(content)} of {n_promised} bytes; {AGAIN}"
        )
    if not _is_right(content, file):
        what = (
            "is a web page (does the network ask for a login?)" if content.lstrip()[:1] == b"<" else "is another file"
        )
        raise ParcellationError(f"{shown} {what}: its MD5 is not {file.md5}; it was not kept; {AGAIN}, {by_hand}")
    return content


def _answer(address: str) -> tuple[bytes, int]:
    """What an address sends, up to a limit, and how many bytes it promised (0: it did not say)."""
    request = Request(address, headers={"User-Agent": f"tribe_np/{__version__}"})
    with urlopen(request, timeout=SECONDS) as answer:
        promised = answer.headers.get("Content-Length", "")
        return answer.read(MAX_BYTES + 1), int(promised) if promised.isdigit() else 0


def _is_right(content: bytes, file: AtlasFile) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == file.md5
