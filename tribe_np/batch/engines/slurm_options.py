"""What a person may ask of Slurm for a study, and how Slurm writes times and memory."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from tribe_np.files.small_files import MEGABYTE

MEMORY = re.compile(r"(\d{1,12})([KMGT]?)", re.IGNORECASE | re.ASCII)
UNITS = {"K": 1 << 10, "": MEGABYTE, "M": MEGABYTE, "G": 1 << 30, "T": 1 << 40}  # as Slurm counts
TIME = re.compile(r"(?:(\d{1,4})-)?(\d{1,6})(?::(\d{1,2}))?(?::(\d{1,2}))?", re.ASCII)


@dataclass(frozen=True)
class SlurmOptions:
    """Options of `batch submit`; None is left to the plan, or to the site.

    Fields   partition, account: Slurm's; minutes: wall time of each element of an array; cpus: of each element; memory:
             bytes of each element; max_parallel: elements of an array that run at once; setup: a file of shell lines
             that come before the command
    """

    partition: str | None = None
    account: str | None = None
    minutes: int | None = None
    cpus: int | None = None
    memory: int | None = None
    max_parallel: int | None = None
    setup: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Those that were given, for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """What `as_dict` gave; what another version may have added is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in found.items() if name in known})


def minutes_of(text: str) -> int:
    """A wall time as Slurm writes it, in whole minutes, rounded up; ValueError for another.

    >>> [minutes_of(text) for text in ("30", "1:30", "1:30:00", "2-0", "1-12:30", "0-0:0:1")]
    [30, 2, 90, 2880, 2190, 1]
    """
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    days, first, second, third = (None if part is None else int(part) for part in found.groups())
    if days is None:  # minutes, minutes:seconds, hours:minutes:seconds
        hours, minutes, seconds = (0, first, second) if third is None else (first, second, third)
    else:  # days-hours, days-hours:minutes, days-hours:minutes:seconds
        hours, minutes, seconds = first, second, third
    total = ((days or 0) * 24 + (hours or 0)) * 3600 + (minutes or 0) * 60 + (seconds or 0)
    if total == 0:  # to Slurm: no limit
        raise ValueError(text)
    return math.ceil(total / 60)


def memory_of(text: str) -> int:
    """Memory as Slurm writes it, in bytes; ValueError for another.

    >>> memory_of("2G"), memory_of("500M"), memory_of("500")
    (2147483648, 524288000, 524288000)
    """
    found = MEMORY.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError(text)
    return int(found[1]) * UNITS[found[2].upper()]


def slurm_time(minutes: int) -> str:
    """Minutes for people, as Slurm writes them.

    >>> slurm_time(30), slurm_time(90), slurm_time(2880)
    ('0:30:00', '1:30:00', '2-00:00:00')
    """
    days, rest = divmod(minutes, 24 * 60)
    return f"{f'{days}-{rest // 60:02d}' if days else rest // 60}:{rest % 60:02d}:00"
