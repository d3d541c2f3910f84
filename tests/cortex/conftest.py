"""A made-up fsaverage5 and subject, shared by the tests of measured data."""

from pathlib import Path

import pytest

from tests.cortex.made_brain import write_fsaverage5, write_subject


@pytest.fixture(scope="session")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FreeSurfer subjects folder with fsaverage5 and sub-01."""
    folder = tmp_path_factory.mktemp("subjects")
    write_fsaverage5(folder)
    write_subject(folder)
    return folder
