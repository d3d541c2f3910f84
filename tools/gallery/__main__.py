"""Writes docs/gallery.md and its pictures: every command of the page is run, and what it made is shown.

    python -m tools.gallery --work DIR [--parcellation hcp-mmp1]

Needs the extras plot, media and text, a HCP-MMP1 annotation (`tribe-np download hcp-mmp1`, or a package that carries
it) and, for the pictures of the page, chromium with chromium-driver and selenium.
"""

from tools.gallery.main import main

if __name__ == "__main__":
    main()
