"""Where something is, as options of feeds say it: no more than a record can hold.

What lies beyond is refused when the feed starts; else it would put every record of that
station into quarantine.
"""

from typing import Annotated

import msgspec

Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
"""Degrees north, WGS-84."""
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
"""Degrees east, WGS-84."""
District = Annotated[str, msgspec.Meta(pattern="^([0-9]{6}|[0-9]{9}|[0-9]{12})?$")]
"""GB/T 2260 code, or nothing."""
