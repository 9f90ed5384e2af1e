"""The service that reads the shared state, watches it, looks back and summarises."""

from broker.connection import Bus
from gateway.calls import Service
from gateway.freshness import FeedAges
from gateway.history import History
from gateway.past import Past
from gateway.revisions import Revisions
from gateway.shared_state import SharedState
from gateway.summary import Summaries
from gateway.summary.told import Telling
from gateway.view import StateView
from gateway.watch import Watches
from liandong.gateway.v1 import shared_state_pb2 as api


def state_service(view: StateView, watches: Watches, bus: Bus, ages: FeedAges) -> Service:
    """Return the service."""
    history = History(bus)
    past = Past(view, history)
    state, revisions = SharedState(view, past, ages), Revisions(view, history)
    summaries = Summaries(view, past.stood, Telling(bus).told, ages)
    return Service(
        "liandong.gateway.v1.SharedStateService",
        {
            "GetRecord": (state.get_record, api.GetRecordRequest),
            "BatchGetRecords": (state.batch_get_records, api.BatchGetRecordsRequest),
            "ListRecords": (state.list_records, api.ListRecordsRequest),
            "SummarizeRecords": (summaries.summarize_records, api.SummarizeRecordsRequest),
            "ListRevisions": (revisions.list_revisions, api.ListRevisionsRequest),
        },
        {"WatchRecords": (watches.watch_records, api.WatchRecordsRequest)},
    )
