"""The record of accesses: written before an answer leaves, chained, signed, and shown."""

from gateway.audit.deeds import Deed, Deeds
from gateway.audit.journal import Journal, JournalSettings
from gateway.audit.recorder import Recorder
from gateway.audit.verify import Verifier

__all__ = ["Deed", "Deeds", "Journal", "JournalSettings", "Recorder", "Verifier"]
