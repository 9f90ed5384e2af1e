"""How the hub's streams take what the agencies' hold, each agency's under its own name only."""

from nats.js import JetStreamContext
from nats.js.api import ExternalStream, StreamConfig, StreamSource, SubjectTransform
from nats.js.errors import NotFoundError

from broker.accounts import source_api
from broker.numbering import number_of
from broker.plan import BusPlan


def source(plan: BusPlan, agency: str, stream: str, prefix: str) -> StreamSource:
    """Return the sourcing of an agency's stream; without a filter its export would not match.

    A stream at the hub is filtered by the hub. What a department's own server delivers the hub
    takes as it comes, whatever was asked for: there each subject becomes one of the department's.
    """
    own = f"{prefix}.{agency}.>"
    external = ExternalStream(api=source_api(agency), deliver=f"deliver.{agency}")
    if agency in plan.leaves:
        transforms = [SubjectTransform(src=f"{prefix}.*.>", dest=own)]
        return StreamSource(name=stream, subject_transforms=transforms, external=external)
    return StreamSource(name=stream, filter_subject=own, external=external)


async def going_on(js: JetStreamContext, held: StreamConfig, wanted: StreamConfig) -> StreamConfig:
    """Return a stream's new definition that goes on where its sources are.

    To the server a source with another filter is another one, of which it has nothing yet: it
    would take all of it a second time.

    Args:
        js: The account in which the stream lies.
        held: Its definition as the server has it.
        wanted: The new one.
    """
    before = {one.name: (one.filter_subject, one.subject_transforms) for one in held.sources or ()}
    sources = []
    for one in wanted.sources or ():
        ours = (one.filter_subject, one.subject_transforms)
        last = 0
        if before.get(one.name, ours) != ours:
            last = await _last_of(js, str(wanted.name), one)
        sources.append(one.evolve(opt_start_seq=last + 1) if last else one)
    return wanted.evolve(sources=sources or None)


async def _last_of(js: JetStreamContext, stream: str, of: StreamSource) -> int:
    """Return the last sequence that a stream has of a source; 0: it has nothing of it."""
    own = of.subject_transforms[0].dest if of.subject_transforms else of.filter_subject
    try:
        last = await js.get_last_msg(stream, str(own))
    except NotFoundError:
        return 0
    return number_of(last.headers or {})
