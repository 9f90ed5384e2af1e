"""How live questions are called, and on which subjects they travel.

A question's name is its message's without ``Question``: ``liandong.question.v1.BedsQuestion``
is ``beds``. It is asked on ``ask.<agency>.<question>`` and called off on
``ask.<agency>.<question>.cancel``. Responders are NATS services named ``ask``, of which an
agency's account exports who they are: the hub asks ``answering.<agency>``.
"""

import re
from typing import Final

SERVICE: Final = "ask"
VERBS: Final = ("PING", "INFO", "STATS")
# A wildcard in the verb's place would let `$SRV.>` be subscribed to.
MICRO: Final = tuple(
    f"$SRV.{verb}{tail}" for verb in VERBS for tail in ("", f".{SERVICE}", f".{SERVICE}.*")
)
"""The subjects of NATS's protocol for services, by which responders tell of themselves."""
DISCOVERY: Final = f"$SRV.INFO.{SERVICE}"

_MESSAGE: Final = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*\.)*([A-Z][A-Za-z0-9]{0,60})Question")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def question_name(message: str) -> str | None:
    """Return a question's name by its message's full name; None: it is no question's."""
    found = _MESSAGE.fullmatch(message)
    return _HUMP.sub("_", found[1]).lower() if found is not None else None


def ask_subject(agency: str, question: str) -> str:
    """Return the subject on which an agency is asked a question."""
    return f"ask.{agency}.{question}"


def cancel_subject(agency: str, question: str) -> str:
    """Return the subject on which a question is called off."""
    return f"{ask_subject(agency, question)}.cancel"


def answering_subject(agency: str) -> str:
    """Return the subject on which the hub asks who answers for an agency."""
    return f"answering.{agency}"
