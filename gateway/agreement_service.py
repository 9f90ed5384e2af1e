"""The service that tells which agreements there are, and explains what they decide."""

import bisect
from datetime import UTC, datetime

from gateway.agreement import ANY
from gateway.agreements import Agreements
from gateway.calls import Call, Service
from gateway.errors import InvalidRequest, NotFound, NotInvolved
from gateway.explaining import Explained, explain, incident_of
from gateway.identity import OPERATORS, Caller
from gateway.key import Key
from gateway.known import no_agency, no_kind
from gateway.terms import Terms, unmet
from gateway.tokens import decode, encode
from gateway.validity import require_valid
from gateway.view import StateView
from liandong.gateway.v1 import agreement_pb2 as api
from liandong.incident.v1.incident_pb2 import Level
from liandong.record.v1.record_pb2 import CLASSIFICATION_INTERNAL, STATUS_ACTUAL, Classification

_NAME = "liandong.gateway.v1.AgreementService"
_PAGE = 100
_LARGEST_PAGE = 1000


class AgreementDesk:
    """Answers ListAgreements and ExplainAccess.

    Args:
        agreements: The agreements in force.
        view: The shared state.
    """

    def __init__(self, agreements: Agreements, view: StateView) -> None:
        self._agreements = agreements
        self._view = view

    def service(self) -> Service:
        """Return the service."""
        return Service(
            _NAME,
            {
                "ListAgreements": (self.list_agreements, api.ListAgreementsRequest),
                "ExplainAccess": (self.explain_access, api.ExplainAccessRequest),
            },
            {},
        )

    async def list_agreements(self, request: api.ListAgreementsRequest, call: Call) -> bytes:
        """Return a page of the agreements that concern the caller, ordered by id."""
        require_valid(request)
        after = ""
        if request.page_token:
            after = decode("page_token", request.page_token, "agreements", call.caller.agency)
        concerned = {
            terms.agreement.id: terms
            for terms in self._agreements.terms
            if call.caller.agency == OPERATORS
            or {terms.agreement.provider, terms.agreement.consumer} & {call.caller.agency, ANY}
        }
        ids = sorted(concerned)
        start = bisect.bisect_right(ids, after)
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        page = ids[start : start + size]
        answer = api.ListAgreementsResponse(
            agreements=[self._agreement(concerned[one], call.caller) for one in page]
        )
        if start + size < len(ids):
            answer.next_page_token = encode("agreements", call.caller.agency, page[-1])
        return answer.SerializeToString()

    async def explain_access(self, request: api.ExplainAccessRequest, call: Call) -> bytes:
        """Explain whether a department may read a record, and why."""
        require_valid(request)
        traits = request.traits
        provider = request.name.partition("/")[0] if request.name else traits.provider
        asking = call.caller.agency
        if asking not in {OPERATORS, request.consumer, provider}:
            raise NotInvolved(asking)
        self._require_known(request, provider)
        caller = Caller(request.consumer, "", request.purpose)
        if request.name:
            key, told = self._named(request.name, caller, is_owner=asking in {OPERATORS, provider})
        else:
            key = told = _key(traits)
        explained = explain(self._agreements, caller, key, told)
        disclosure = explained.disclosure
        answer = api.ExplainAccessResponse(
            decision=api.ACCESS_DECISION_REFUSED,
            sentence=explained.sentence,
            explanations=map(_explanation, explained.agreements),
        )
        if disclosure is not None:
            answer.decision = api.ACCESS_DECISION_ALLOWED
            answer.agreements.extend(disclosure.agreements)
            answer.hidden_fields.extend(disclosure.hidden)
            answer.incident = disclosure.emergency
        elif told is None and any(one.opens for one in explained.agreements):
            answer.decision = api.ACCESS_DECISION_UNTOLD
        return answer.SerializeToString()

    def _require_known(self, request: api.ExplainAccessRequest, provider: str) -> None:
        """Refuse to explain what cannot be: it would read as an agreement that is missing.

        Raises:
            InvalidRequest: With each field that names a department or a kind that is none.
        """
        agencies = self._agreements.agencies
        kind = request.name.split("/")[1] if request.name else request.traits.kind
        consumer = "" if request.consumer == OPERATORS else no_agency(request.consumer, agencies)
        told = (
            ("consumer", consumer),
            ("name" if request.name else "traits.provider", no_agency(provider, agencies)),
            ("name" if request.name else "traits.kind", no_kind(kind)),
        )
        wrong = [(field, sentence) for field, sentence in told if sentence]
        if wrong:
            raise InvalidRequest(wrong)

    def _named(self, name: str, caller: Caller, *, is_owner: bool) -> tuple[Key, Key | None]:
        """Return a record's key, and what of it may be told; None: nothing.

        Raises:
            NotFound: If the owner asks, and there is no such record.
        """
        entry = self._view.get(name)
        if is_owner:
            if entry is None:
                raise NotFound(name)
            return entry.key, entry.key
        disclosure = self._agreements.granted(caller).disclosure(entry.key) if entry else None
        if entry is None or disclosure is None:
            agency, kind, _ = name.split("/")
            return Key(agency, kind, CLASSIFICATION_INTERNAL, "", STATUS_ACTUAL), None
        return entry.key, disclosure.key(entry.key)

    def _agreement(self, terms: Terms, caller: Caller) -> api.Agreement:
        """Return an agreement as it is told, and whether it holds."""
        agreement = terms.agreement
        consumer = caller.agency if agreement.consumer == ANY else agreement.consumer
        incident = (
            incident_of(self._agreements, terms, consumer, STATUS_ACTUAL) if terms.level else ""
        )
        reasons = unmet(terms.for_moment(datetime.now(UTC), incident))
        told = api.Agreement(
            id=agreement.id,
            provider=agreement.provider,
            consumer=agreement.consumer,
            kinds=agreement.kinds,
            classification=Classification.ValueType(terms.ceiling),
            hidden_fields=agreement.hidden,
            purposes=agreement.purposes,
            districts=agreement.districts,
            opens_at_level=Level.ValueType(terms.level),
            declared_by=agreement.declared_by,
            line=terms.line(),
            in_force=not reasons,
            reasons=[reason.sentence for reason in reasons],
            incident=incident,
        )
        if agreement.starts is not None:
            told.valid_from.FromDatetime(agreement.starts)
        if agreement.ends is not None:
            told.valid_until.FromDatetime(agreement.ends)
        if terms.grace_ns:
            told.closes_after.FromNanoseconds(terms.grace_ns)
        return told


def _key(traits: api.RecordTraits) -> Key:
    """Return the key of records with these traits."""
    # One of its own: callers choose what it says, and all others are remembered for good.
    return Key(
        traits.provider,
        traits.kind,
        traits.classification or CLASSIFICATION_INTERNAL,
        traits.district,
        traits.status or STATUS_ACTUAL,
    )


def _explanation(explained: Explained) -> api.AgreementExplanation:
    """Return what an agreement says, as it is told."""
    terms = explained.terms
    return api.AgreementExplanation(
        agreement=terms.agreement.id,
        line=terms.line(),
        opens=explained.opens,
        conditions=[
            api.AgreementCondition(
                field=condition.field,
                line=terms.line(condition.field),
                holds=condition.holds,
                sentence=condition.sentence,
            )
            for condition in explained.conditions
        ],
    )
