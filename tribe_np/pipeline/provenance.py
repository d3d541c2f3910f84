"""Where and by what a run was made, and whom to cite for it: what run.json says beside the numbers."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from extractors.catalogue import record_of
from tribe_np import __version__

PAPERS = {
    "tribe": "d'Ascoli et al. (2026). A foundation model of vision, audition, and language for in-silico neuroscience.",
    "whisper": "Radford et al. (2023). Robust speech recognition via large-scale weak supervision. ICML.",
    "whisperx": "Bain et al. (2023). WhisperX: Time-accurate speech transcription of long-form audio. INTERSPEECH.",
}
PARCELLATIONS = {
    "hcp": "Glasser et al. (2016). A multi-modal parcellation of human cerebral cortex. Nature, 536, 171-178.",
    "schaefer": "Schaefer et al. (2018). Local-global parcellation of the human cerebral cortex from intrinsic "
    "functional connectivity MRI. Cerebral Cortex, 28, 3095-3114.",
    "desikan": "Desikan et al. (2006). An automated labeling system for subdividing the human cerebral cortex on MRI "
    "scans into gyral based regions of interest. NeuroImage, 31, 968-980.",
    "destrieux": "Destrieux et al. (2010). Automatic parcellation of human cortical gyri and sulci using standard "
    "anatomical nomenclature. NeuroImage, 53, 1-15.",
    "yeo": "Yeo et al. (2011). The organization of the human cerebral cortex estimated by intrinsic functional "
    "connectivity. Journal of Neurophysiology, 106, 1125-1165.",
    "lausanne": "Cammoun et al. (2012). Mapping the human connectome at multiple scales with diffusion spectrum MRI. "
    "Journal of Neuroscience Methods, 203, 386-397.",
    "subcortical": "Frazier et al. (2005). Structural brain magnetic resonance imaging of limbic and thalamic "
    "volumes in pediatric bipolar disorder. American Journal of Psychiatry, 162, 1256-1265.",
    "brainnetome": "Fan et al. (2016). The Human Brainnetome Atlas: a new brain atlas based on connectional "
    "architecture. Cerebral Cortex, 26, 3508-3526.",
}
"""By the first word of a parcellation's name."""


def citations(modalities: Iterable[str], *, parcellation: str = "", words_from: str = "") -> list[str]:
    """The papers behind a run: the brain encoder's, those of the models that ran, of the regions, of the words."""
    found = [f"tribe_np {__version__}", PAPERS["tribe"], *(record_of(m).paper for m in modalities)]
    if parcellation:
        found.append(PARCELLATIONS.get(parcellation.split("-")[0], f"the authors of the parcellation {parcellation}"))
    if "whisper" in words_from:
        found.append(PAPERS["whisper"])
    if words_from.startswith("whisperx"):
        found.append(PAPERS["whisperx"])
    return found


def provenance() -> dict[str, Any]:
    """Date (UTC), host, processor and code of this run."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.node(),
        "system": platform.platform(),
        "cpu": {"model": processor(), "count": os.cpu_count()},
        "code": {"version": __version__, "commit": commit()},
    }


def processor(information: str = "/proc/cpuinfo") -> str:
    """The processor's name as the system tells it, or its architecture."""
    with suppress(OSError):
        for line in Path(information).read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit(root: Path = Path(__file__).parents[2]) -> str | None:
    """The commit this code is from, "-dirty" added where a checkout was changed; None for an ordinary release.

    A checkout is asked through git; an installation from one keeps its commit in its metadata (PEP 610).
    """
    if (root / ".git").exists():
        with suppress(OSError, subprocess.SubprocessError):
            asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
            return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    with suppress(metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        direct = metadata.distribution("tribe_np").read_text("direct_url.json")
        return str(json.loads(direct or "")["vcs_info"]["commit_id"])
    return None
