"""Backup and restore of a city: an archive that is verified before anything is touched."""

from ops.backup.archive import Archive, ArchiveWrong
from ops.backup.restoring import restore_city
from ops.backup.returning import Returned, return_streams
from ops.backup.saving import save_city

__all__ = ["Archive", "ArchiveWrong", "Returned", "restore_city", "return_streams", "save_city"]
