"""Try a mapping on a file without a bus: ``python -m adapters.mapping MAPPING TABLE``."""

import sys

from adapters.mapping.trial import main

sys.exit(main())
