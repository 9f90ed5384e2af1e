"""The console: the web page on which people see the city and the bus."""

from ops.console.app import Console
from ops.console.signing import Signer, make_key
from ops.console.visitors import login_address

__all__ = ["Console", "Signer", "login_address", "make_key"]
