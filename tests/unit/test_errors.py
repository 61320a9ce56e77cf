"""The tree of errors: what each tells people and programs."""

import pickle

import pytest

from creator_app import errors
from creator_app.errors import CreatorError, InvalidInput, NotFound, RateLimited, StorageError, Unavailable


def every_error():
    found = [CreatorError]
    for one in found:
        found += [sub for sub in one.__subclasses__() if sub.__module__ == errors.__name__]
    return found


@pytest.mark.parametrize("kind", every_error())
def test_each_error_has_a_sentence_a_hint_a_code_and_a_status(kind):
    error = kind()
    assert error.message.endswith(".")
    assert error.hint.endswith(".")
    assert error.code.replace("_", "").isalpha() and error.code.islower()
    assert 400 <= error.status <= 503


@pytest.mark.parametrize("kind", every_error())
def test_the_drawing_at_the_top_is_complete(kind):
    line = next(line for line in errors.__doc__.splitlines() if line.split()[:1] == [kind.__name__])
    assert line.split()[1:3] == [str(kind.status), kind.code]


def test_codes_are_not_used_twice():
    codes = [kind.code for kind in every_error()]
    assert len(codes) == len(set(codes))


def test_what_is_told_can_be_said_better():
    error = InvalidInput("The width is too big.", hint="At most 4096.", fields={"width": "Too big."})
    assert (error.message, error.hint, error.fields) == (
        "The width is too big.",
        "At most 4096.",
        {"width": "Too big."},
    )
    assert str(error) == "The width is too big."


def test_only_what_may_pass_by_itself_is_retryable():
    assert {kind for kind in every_error() if kind().retryable} == {RateLimited, Unavailable, StorageError}
    assert not StorageError(retryable=False).retryable


@pytest.mark.parametrize("error", [NotFound("Gone.", hint="Look."), RateLimited(retry_after_s=7)])
def test_errors_cross_processes_whole(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert vars(copy) == vars(error)
