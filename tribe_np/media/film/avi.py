"""Whether an AVI file is whole: its chunks say how long they are, and ffmpeg does not mind when the last one is not."""

from pathlib import Path

from tribe_np.errors import MediaError


def check_whole_avi(path: str | Path) -> None:
    """Checks that the top-level chunks of an AVI file end within it; other files pass.

    Raises   MediaError for a file cut short
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as file:
        position = 0
        while position + 12 <= size:
            file.seek(position)
            begin = file.read(12)
            length = int.from_bytes(begin[4:8], "little")
            if begin[:4] != b"RIFF" or begin[8:] not in (b"AVI ", b"AVIX") or not length:  # 0: never finished
                return
            position += 8 + length + length % 2
    if position > size + 1:  # a last byte of padding may be left out
        raise MediaError(f"{path}: the file is cut short ({size} of {position} bytes); copy or download it again")
