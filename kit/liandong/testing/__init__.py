"""What a third party tests its adapter with: a contract that it subclasses, and a trial."""

from adapters.testing.accounting import Gap, NotInTheData, gaps_of
from adapters.testing.contract import AdapterContract
from adapters.testing.coverage import Coverage
from adapters.testing.trial import AdapterBroke, Trial, Tried, trial_of

__all__ = [
    "AdapterBroke",
    "AdapterContract",
    "Coverage",
    "Gap",
    "NotInTheData",
    "Trial",
    "Tried",
    "gaps_of",
    "trial_of",
]
