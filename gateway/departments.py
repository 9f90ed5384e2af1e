"""Live questions: who answers what, and putting a question to several departments at once."""

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping

from broker.asking import Asking
from broker.errors import NoAnswer, NoResponder
from broker.responders import Responders
from gateway.call import Ask, Call
from gateway.calls import Service
from gateway.errors import InvalidRequest, NobodyAnswers, TooSlow
from gateway.identity import Context
from gateway.questions import valid_question
from gateway.validity import require_valid
from liandong.gateway.v1.department_pb2 import (
    AnsweredQuestion,
    AskRequest,
    AskResponse,
    Department,
    ListDepartmentsRequest,
    ListDepartmentsResponse,
)
from liandong.question.v1.question_pb2 import (
    ASK_CODE_PERMISSION_DENIED,
    ASK_CODE_UNAVAILABLE,
    ASK_CODE_UNIMPLEMENTED,
    AskCode,
    Asked,
    AskError,
)

_NAME = "liandong.gateway.v1.DepartmentService"
_WITHIN_S = 5.0
_LONGEST_S = 60.0
# So that the last errors still reach a caller whose own deadline is what ends the wait.
_MARGIN = 0.2
_MARGIN_S = 0.1
_SHORTEST_S = 0.001
_WRITE_S = 30.0


class Departments:
    """Answers ListDepartments and Ask.

    Args:
        asking: Puts questions.
        responders: Knows who answers.
        titles: The city's departments, and what people call them.
    """

    def __init__(self, asking: Asking, responders: Responders, titles: Mapping[str, str]) -> None:
        self._asking = asking
        self._responders = responders
        self._titles = titles

    def service(self) -> Service:
        """Return the service."""
        return Service(
            _NAME,
            {"ListDepartments": (self.list_departments, ListDepartmentsRequest)},
            {"Ask": (self.ask, AskRequest)},
        )

    async def list_departments(self, request: ListDepartmentsRequest, call: Call) -> bytes:
        """Return the departments, and what each answers to the caller now."""
        del request
        await self._responders.look()
        departments = (
            Department(
                agency=agency,
                title=title,
                responding=self._responders.is_responding(agency),
                questions=(
                    AnsweredQuestion(
                        name=known.name,
                        question=known.message,
                        answer=known.answer,
                        responders=known.responders,
                    )
                    for known in self._responders.answerable(agency)
                    if call.permit.may_ask(agency, known.name) is not None
                ),
            )
            for agency, title in sorted(self._titles.items())
        )
        return ListDepartmentsResponse(departments=departments).SerializeToString()

    async def ask(self, request: AskRequest, call: Call) -> None:
        """Put a question, and send what each department says as it comes.

        Raises:
            InvalidRequest: If the question or a department is not right.
            NobodyAnswers: If no department is named, and none answers it.
            TooSlow: If the caller does not read.
        """
        require_valid(request)
        name = valid_question(request.question)
        agencies = await self._asked_of(request.agencies, name)
        asked = Asked(question=request.question)
        asked.within.FromMilliseconds(max(int(_within_s(request, call.context) * 1e3), 1))
        asked.caller.agency = call.caller.agency
        asked.caller.role = call.caller.role
        asked.caller.purpose = call.caller.purpose
        asked.caller.trace_id = call.traced()
        asking = [asyncio.create_task(self._one(agency, name, asked, call)) for agency in agencies]
        try:
            for answered in asyncio.as_completed(asking):
                response = await answered
                async with asyncio.timeout(_WRITE_S):
                    await call.context.write(response.SerializeToString())
        except TimeoutError as error:
            raise TooSlow(f"nothing was read for {_WRITE_S:.0f} s", "") from error
        finally:
            # What is left is called off, and responders are told.
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)

    async def _asked_of(self, named: Iterable[str], question: str) -> list[str]:
        """Return the departments that are to be asked.

        Raises:
            InvalidRequest: If one is named that the city does not have.
            NobodyAnswers: If none is named and none answers the question.
        """
        agencies = list(named)
        for index, agency in enumerate(agencies):
            if agency not in self._titles:
                known = ", ".join(sorted(self._titles))
                sentence = f"is {agency!r}, expected a department of the city: {known}"
                raise InvalidRequest([(f"agencies[{index}]", sentence)])
        if agencies:
            return agencies
        await self._responders.look()
        answering = [one for one in self._titles if self._responders.knows(one, question)]
        if not answering:
            raise NobodyAnswers(question)
        return answering

    async def _one(self, agency: str, question: str, asked: Asked, call: Call) -> AskResponse:
        """Ask one department, and note what came of it, also when the caller goes away."""
        began = time.perf_counter_ns()
        response = AskResponse(agency=agency)
        agreements = call.permit.may_ask(agency, question)
        outcome = "CANCELLED"
        try:
            if agreements is None:
                response.error.CopyFrom(_closed(agency, question, call))
            else:
                own = Asked()
                own.CopyFrom(asked)
                own.id = secrets.token_hex(16)
                own.caller.agreements.extend(agreements)
                await self._put(response, question, own)
            outcome = _word(response.error.code) if response.HasField("error") else "OK"
        finally:
            call.asked.append(Ask(agency, question, agreements, outcome))
        response.elapsed.FromNanoseconds(time.perf_counter_ns() - began)
        return response

    async def _put(self, response: AskResponse, question: str, asked: Asked) -> None:
        """Put a question, and write into the response what the department says."""
        try:
            answered = await self._asking.ask(response.agency, question, asked)
        except NoResponder:
            response.error.CopyFrom(self._nobody(response.agency, question))
        except NoAnswer as error:
            response.error.code = error.code
            response.error.reason = error.reason
            response.error.message = str(error)
        else:
            if answered.HasField("answer"):
                response.answer.CopyFrom(answered.answer)
            else:
                response.error.CopyFrom(answered.error)

    def _nobody(self, agency: str, question: str) -> AskError:
        """Return what is said for a department for which nobody answers."""
        if self._responders.knows(agency, question):
            return AskError(
                code=ASK_CODE_UNAVAILABLE,
                reason="NO_RESPONDER",
                message=f"{agency} answers {question}, but none of its responders is there now: "
                "try again later",
            )
        return AskError(
            code=ASK_CODE_UNIMPLEMENTED,
            reason="NOT_ANSWERED",
            message=f"{agency} has no responder for {question}: "
            "ListDepartments tells what each department answers",
        )


def _word(code: int) -> str:
    """Return a failure's kind in a word."""
    if code not in AskCode.values():
        return str(code)
    return AskCode.Name(AskCode.ValueType(code)).removeprefix("ASK_CODE_")


def _closed(agency: str, question: str, call: Call) -> AskError:
    """Return what a caller is told whom no agreement lets ask."""
    purpose = call.caller.purpose
    stated = f"for the purpose {purpose!r}" if purpose else "without a stated purpose"
    return AskError(
        code=ASK_CODE_PERMISSION_DENIED,
        reason="NO_AGREEMENT",
        message=f"{call.caller.agency} may not put {question} to {agency} {stated}: it takes an "
        f'agreement with provider = "{agency}", consumer = "{call.caller.agency}" and '
        f'kinds = ["ask.{question}"] that holds now',
    )


def _within_s(request: AskRequest, context: Context) -> float:
    """Return how long to wait for answers, seconds."""
    within = request.within.ToNanoseconds() / 1e9 if request.HasField("within") else _WITHIN_S
    remaining = context.time_remaining()
    if remaining is not None:
        within = min(within, remaining - min(remaining * _MARGIN, _MARGIN_S))
    return min(max(within, _SHORTEST_S), _LONGEST_S)
