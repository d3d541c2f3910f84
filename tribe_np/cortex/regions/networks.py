"""Networks of regions: as the names of a parcellation tell them, or as a table of the user's does.

No assignment of regions to networks is part of this project. Schaefer's regions are named after their network
(7Networks_LH_Vis_1 is of Vis), Yeo's are networks (7Networks_1).
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation, ParcellationFile, nearest
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ParcellationError
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.files.text_encoding import text_encoding
from tribe_np.formats.annotation import SIDES
from tribe_np.shown import quoted

SCHAEFER = re.compile(r"\d+networks_(?:(?:LH|RH)_)(?P<network>[^_]+)_.+", re.IGNORECASE)
YEO = re.compile(r"(?P<network>\d+networks_\d+)", re.IGNORECASE)
WITH_SIDE = re.compile(r"(?P<side>[LR])_(?P<name>.+)_ROI")  # as HCP-MMP1's own labels are spelled
COLUMNS = ("region", "network")
MAX_BYTES = 4 * MEGABYTE


def by_network(parcellation: Parcellation, table: Path | None = None) -> tuple[Parcellation, tuple[str, ...]]:
    """The same cortex with networks as its regions, and what to say of regions that are in none.

    Raises   ParcellationError where the names do not tell networks, or the table is malformed or of other regions
    """
    name, files = f"networks of {parcellation.name}", parcellation.files
    if table is None:
        network_of = _by_name(parcellation)
    else:
        raw = read_small_file(table, most=MAX_BYTES, error=ParcellationError)
        network_of = _by_table(parcellation, raw, table)
        name, files = f"{name} by {table.name}", (*files, ParcellationFile(table, hashlib.sha256(raw).hexdigest()))
    networks = tuple(dict.fromkeys(network_of[pair] for pair in _pairs(parcellation) if pair in network_of))
    numbers = {network: number for number, network in enumerate(networks)}
    region_of = np.full(len(parcellation.region_of), NO_REGION)
    for (region, side), network in network_of.items():
        region_of[parcellation.vertices(region, side)] = numbers[network]
    return Parcellation(name, networks, region_of, files), _without(parcellation, network_of, table)


def _without(parcellation: Parcellation, network_of: dict[tuple[str, str], str], table: Path | None) -> tuple[str, ...]:
    left_out = [(r, side) for r, side in _pairs(parcellation) if (r, side) not in network_of]
    names = list(dict.fromkeys(r for r, side in left_out if len(parcellation.vertices(r, side))))
    if not names:
        return ()
    return (
        f"{table}: {len(names)} of {len(parcellation.regions)} regions of {parcellation.name} have no network on one "
        f"or both hemispheres, such as {quoted(names[0])}; there they count in none",
    )


def _pairs(parcellation: Parcellation) -> Iterator[tuple[str, str]]:
    return ((region, side) for region in parcellation.regions for side in HEMISPHERES)


def _by_name(parcellation: Parcellation) -> dict[tuple[str, str], str]:
    """The network of each region and hemisphere."""
    network_of: dict[tuple[str, str], str] = {}
    for region in parcellation.regions:
        found = SCHAEFER.fullmatch(region) or YEO.fullmatch(region)
        if found is None:
            raise ParcellationError(
                f"the names of {parcellation.name} tell no networks (such as {quoted(region)}; Schaefer's do, "
                "7Networks_LH_Vis_1); give a table with the columns region and network"
            )
        network_of |= {(region, side): found["network"] for side in HEMISPHERES}
    return network_of


def _by_table(parcellation: Parcellation, raw: bytes, path: Path) -> dict[tuple[str, str], str]:
    """The network of each region and hemisphere that the table names; a later row must not contradict an earlier."""
    network_of: dict[tuple[str, str], str] = {}
    for line, row in _rows(raw, path):
        region, sides = _region(parcellation, row["region"].strip(), row.get("hemisphere", ""), f"{path}, line {line}")
        network = row["network"].strip()
        if not network:
            raise ParcellationError(f"{path}, line {line}: {region} has no network; leave the row out")
        for side in sides:
            if network_of.setdefault((region, side), network) != network:
                raise ParcellationError(
                    f"{path}, line {line}: {region} is in {quoted(network_of[region, side])} and in {quoted(network)}"
                )
    if not network_of:
        raise ParcellationError(f"{path}: names no region; expected rows of region and network")
    return network_of


def _region(parcellation: Parcellation, name: str, side: str, where: str) -> tuple[str, Sequence[str]]:
    """The region and the hemispheres that a row means."""
    given = side.strip().lower()
    if given not in ("", "both", *SIDES):
        raise ParcellationError(f"{where}: hemisphere {quoted(side)} is unknown; known are left, right and both")
    sides = (SIDES[given],) if given in SIDES else HEMISPHERES
    if name in parcellation.regions:
        return name, sides
    spelled = WITH_SIDE.fullmatch(name)
    if spelled is None or spelled["name"] not in parcellation.regions:
        near = ", ".join(nearest(name, parcellation.regions))
        raise ParcellationError(
            f"{where}: {quoted(name)} is no region of {parcellation.name}{near and f'; near are {near}'}"
        )
    side = SIDES[spelled["side"].lower()]
    if side not in sides:
        raise ParcellationError(f"{where}: {quoted(name)} is of the {side} hemisphere, but the row says {sides[0]}")
    return spelled["name"], (side,)


def _rows(raw: bytes, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The number of each line and its cells by column; tabs, semicolons or commas between them."""
    try:
        text = raw.decode(text_encoding(raw))
    except UnicodeDecodeError as error:
        raise ParcellationError(f"{path}: is no text: {error}") from error
    header = text.partition("\n")[0]
    separator = max("\t;,", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restval="", strict=True)
    try:
        columns = [name.strip().lower() for name in reader.fieldnames or ()]
        if not set(COLUMNS) <= set(columns):
            raise ParcellationError(f"{path}: expected a table with the columns region and network in its first line")
        reader.fieldnames = columns
        for row in reader:
            if None in row:
                raise ParcellationError(f"{path}, line {reader.line_num}: has more cells than the first line")
            yield reader.line_num, row
    except csv.Error as error:
        raise ParcellationError(f"{path}, line {reader.line_num}: cannot be read as a table: {error}") from error
