"""`python -m tools.conformance`."""

import sys

from tools.conformance.main import main

sys.exit(main())
