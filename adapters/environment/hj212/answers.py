"""What the platform sends back to a logger (HJ 212-2017, 6.4 and annex C; HJ/T 212-2005).

Uploads are answered by 9014, notices by 9013. Answers to the platform's own requests
(9011 to 9014) end a dialogue and get none.
"""

from adapters.environment.hj212.codes import LOGIN, NOTICES, REPLIES
from adapters.environment.hj212.crc import checksum
from adapters.environment.hj212.segment import Segment

_SYSTEM = "91"
_DATA, _NOTICE, _LOGGED_IN = "9014", "9013", "9022"


def framed(segment: str) -> bytes:
    """Put a data segment into a frame: length, check value, CR LF."""
    data = segment.encode()
    return b"##%04d%b%04X\r\n" % (len(data), data, checksum(data))


def acknowledgement(segment: Segment) -> bytes:
    """Return the answer to a message that is safe, or nothing when it asks for none.

    The answer carries the request's QN, PW and MN and speaks the sender's version of
    the standard. In 2005 the request is quoted in CP, and QN has no place in the head.
    A request without a QN has none in its answer. A log-in (9021) of 2005, which is not in the
    standard and before which loggers send nothing, is answered by 9022 as practice has it.
    """
    if not segment.wants_answer or segment.cn in REPLIES:
        return b""
    cn = _NOTICE if segment.cn in NOTICES else _DATA
    version = segment.flag & ~3
    request = f"QN={segment.qn};" if segment.qn else ""
    if version:
        identity = f"ST={_SYSTEM};CN={cn};PW={segment.pw};MN={segment.mn}"
        return framed(f"{request}{identity};Flag={version};CP=&&&&")
    if segment.cn == LOGIN:
        cn, quoted = _LOGGED_IN, f"{request}Logon=1"
    else:
        quoted = request.rstrip(";") if cn == _NOTICE else f"{request}CN={segment.cn}"
    return framed(f"ST={_SYSTEM};CN={cn};PW={segment.pw};MN={segment.mn};Flag=0;CP=&&{quoted}&&")
