"""tribe-np download: a brain encoder and its extractors from the hub, or the HCP-MMP1 annotation from figshare."""

import argparse
import sys

from tribe_np.cli import common
from tribe_np.errors import ConfigError, OutputError
from tribe_np.files.home import hub_cache_folder

ATLAS = "hcp-mmp1"  # no model's name: those have a slash


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `tribe-np download`."""
    parser.add_argument(
        "repository",
        type=common.words,
        metavar="NAME",
        help=f"a model such as facebook/tribev2, or the parcellation {ATLAS}",
    )
    parser.add_argument(
        "--models", type=common.path, metavar="DIR", help="folder to put the models into (default: the hub cache)"
    )
    parser.add_argument(
        "--no-extractors", action="store_true", help="leave out the extractors that its config.yaml names"
    )
    parser.add_argument(
        "--accept-hcp-terms",
        action="store_true",
        help=f"{ATLAS}: accept the terms, which are printed without this option",
    )
    parser.add_argument(
        "--from", dest="mirror", type=common.words, metavar="ADDRESS",
        help=f"{ATLAS}: web address of a folder that has the two files (default: figshare)",
    )  # fmt: skip
    common.add_quiet(parser)


def execute(options: argparse.Namespace) -> int:
    """Runs the command."""
    if options.repository.lower() == ATLAS:
        return _download_atlas(options)
    if options.accept_hcp_terms or options.mirror is not None:
        given = "--accept-hcp-terms" if options.accept_hcp_terms else "--from"
        raise ConfigError(f"{given} is for {ATLAS}; {options.repository} is taken for a model of the hub")
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


def _download_atlas(options: argparse.Namespace) -> int:
    from tribe_np.pipeline.atlas_download import download_hcp_mmp1
    from tribe_np.pipeline.hcp_terms import CITE, TERMS

    if options.models is not None or options.no_extractors:
        given = "--models" if options.models is not None else "--no-extractors"
        raise ConfigError(f"{given} is for models; {ATLAS} goes into the user's data folder (XDG_DATA_HOME)")
    if not options.accept_hcp_terms:
        print(TERMS)
        raise ConfigError(
            f"{ATLAS}: read the terms above; if you accept them, run tribe-np download {ATLAS} --accept-hcp-terms"
        )
    folder = download_hcp_mmp1(common.progress(options), options.mirror)
    common.say(f"{ATLAS}: {folder} (HCP Open Access Data Use Terms; cite {CITE})")
    return 0
