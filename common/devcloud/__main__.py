"""Entry of `python -m devcloud`."""

import sys

from devcloud.cli import main

sys.exit(main())
