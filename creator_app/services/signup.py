"""Who may make an account. The first one is the admin, so it must come from whoever runs this Creator."""

import hmac
from pathlib import Path
from typing import Literal

from creator_app.errors import Conflict, SignupClosed

Rule = Literal["open", "invite", "closed"]


class SetupCodeRequired(SignupClosed):
    """The first account is made from elsewhere, without the code that proves whose Creator this is."""

    code = "setup_code_required"


class EmailTaken(Conflict):
    """There is an account with this address."""

    code = "email_taken"


def role_of(*, first: bool, loopback: bool, setup_code_ok: bool, rule: Rule) -> str:
    """The role that a new account gets.

    Args:
        first: nobody can sign in yet.
        loopback: the request was made on this machine.
        setup_code_ok: the code that ``up`` prints came with it.
        rule: the setting ``SIGNUP``.

    Raises:
        SetupCodeRequired: the first account, from elsewhere, without the code.
        SignupClosed: new accounts are not taken.
    """
    if first:
        if loopback or setup_code_ok:
            return "admin"
        raise SetupCodeRequired(
            "The first account needs the set-up code.",
            hint="Creator printed it when it started. On the machine it runs on, no code is needed.",
        )
    if rule == "invite":
        raise SignupClosed(
            "New accounts are by invitation only.", hint="Ask whoever runs this Creator to add you."
        )
    if rule == "closed":
        raise SignupClosed("This Creator takes no new accounts.", hint="Ask whoever runs it to add you.")
    return "creator"


def setup_code_matches(home: Path, given: str | None) -> bool:
    """Whether ``given`` is the code in ``secrets/setup_code`` under Creator's home, in constant time."""
    if not given:
        return False
    try:
        known = (home / "secrets" / "setup_code").read_text().strip()
    except OSError:
        return False
    return bool(known) and hmac.compare_digest(known.encode(), given.strip().encode())
