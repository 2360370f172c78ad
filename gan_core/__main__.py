"""The command line: `python -m gan_core train | runs | digest | evaluate | sample | …`."""

import sys

from gan_core.cli.main import main

sys.exit(main())
