"""tribe-np download: a brain encoder and its extractors from the hub."""

import argparse
import sys

from tribe_np.cli import common
from tribe_np.errors import OutputError
from tribe_np.files.home import hub_cache_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np download`."""
    parser.add_argument("repository", type=common.words, metavar="REPO", help="such as facebook/tribev2")
    parser.add_argument(
        "--models", type=common.path, metavar="DIR", help="folder to put the models into (default: the hub cache)"
    )
    parser.add_argument(
        "--no-extractors", action="store_true", help="leave out the extractors that its config.yaml names"
    )
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    from tribe_np.pipeline.download import Hub, download

    if options.models is None and hub_cache_folder() is None:
        raise OutputError(
            "this user has no home folder for the hub's cache; set HOME, or choose a folder with --models"
        )
    shown = common.progress(options)
    hub = Hub(options.models, shown, bars=not options.quiet and sys.stderr.isatty())
    for model in download(options.repository, hub, extractors=not options.no_extractors):
        print(f"{model.name}: {model.folder} ({model.licence})")
    return 0
