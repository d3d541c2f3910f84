"""Where `oracle compare` may write: the files that --suggest and --html name, and never a person's own."""

from pathlib import Path

from tribe_np.errors import OutputError
from tribe_np.outputs.whole import Inputs, check_file_target, real_path

COMPARE_COMMAND = "oracle compare"


def check_comparison_targets(suggest: Path | None, html: Path | None, inputs: Inputs) -> None:
    """Refuses, before any work, a device, a folder, an input, or a file that another program or a person wrote.

    Raises   OutputError
    """
    if suggest is not None and html is not None and real_path(suggest) == real_path(html):
        raise OutputError(f"--html {html}: is the file that --suggest writes; choose another name")
    for argument, path in (("--suggest ", suggest), ("--html ", html)):
        if path is not None:
            check_file_target(path, COMPARE_COMMAND, inputs, argument=argument)
