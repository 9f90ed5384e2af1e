"""What is remembered of a stream's course."""

from gateway.course import Course
from gateway.key import key_of

HERE = key_of(("water", "water.level", 2, "320102", 1, "water.sl651"))
THERE = key_of(("water", "water.level", 2, "320104", 1, "water.sl651"))
ELSEWHERE = key_of(("water", "water.level", 2, "320105", 1, "water.sl651"))


def course_of(*sequences: int, start_ns: int = 1000) -> Course:
    """Make a course of sequences that were stored at a thousand times their number."""
    course = Course()
    for sequence in sequences:
        course.passed(sequence, start_ns * sequence, changes=True)
    return course


def test_a_place_lies_in_the_stream_when_it_was_stored_between_its_neighbours() -> None:
    """Also when its own message is no longer kept."""
    course = course_of(1, 2, 5, 6)

    assert course.goes_through(5, 5000)
    assert course.goes_through(4, 4000)
    assert not course.goes_through(4, 6000)
    assert not course.goes_through(5, 2500 - 1000)


def test_a_stream_that_has_grown_anew_does_not_go_through_an_old_place() -> None:
    """What is before that sequence now was stored after it."""
    grown_anew = course_of(1, 2, 3, start_ns=50_000)

    assert not grown_anew.goes_through(3, 3000)
    assert not grown_anew.goes_through(9, 9000)


def test_nothing_is_exact_before_all_that_comes_is_read() -> None:
    """At first the last of each record is read; from then on sequences without records are not."""
    course = course_of(1, 2, 7)
    assert not course.is_settled

    course.settle(7)
    course.passed(9, 9000, changes=True)

    assert (course.is_settled, course.exact_since) == (True, 8)


def test_a_record_had_the_key_that_it_lost_next() -> None:
    """After every sequence it is known which key held."""
    course = Course()
    course.moved("a", 10, HERE)
    course.moved("a", 20, THERE)

    keys = [course.key_at("a", sequence, ELSEWHERE) for sequence in (5, 9, 10, 19, 20)]

    assert keys == [HERE, HERE, THERE, THERE, ELSEWHERE]
    assert course.key_at("b", 5, HERE) is HERE


def test_a_record_that_moves_for_ever_is_forgotten_step_by_step() -> None:
    """What is forgotten is not guessed: places before it are no longer exact."""
    course = Course()
    course.settle(0)
    for sequence in range(1, 101):
        course.moved("a", sequence, HERE)

    assert course.exact_since == 84


def test_revisions_that_changed_nothing_are_told_from_others() -> None:
    """Of what was stored before all was read, nothing says that it changed nothing."""
    course = Course()
    course.settle(0)
    course.passed(1, 1, changes=True)
    course.passed(2, 2, changes=False)

    assert [course.changed(sequence) for sequence in (1, 2, 3)] == [True, False, False]


def test_what_has_ended_since_is_known_by_its_end() -> None:
    """Noticed in any order."""
    course = Course()
    for expires, name in ((30, "c"), (10, "a"), (20, "b")):
        course.ended(expires, name)

    assert list(course.ended_after(15) or ()) == ["b", "c"]


def test_another_stream_is_remembered_from_its_start() -> None:
    """Sequences of the one before mean nothing in it."""
    course = course_of(5, 6)
    course.moved("a", 6, HERE)

    course.restart()

    assert not course.is_settled
    assert course.goes_through(6, 1)
    assert course.key_at("a", 1, THERE) is THERE
