"""The line, for operators: the switches, who waits, what is stuck."""

import reflex as rx

from creator_app.state.operator import OperatorState
from creator_app.state.operator_rows import AccountRow, StuckRow
from creator_app.ui.components.elements import when_it_was


def line_section() -> rx.Component:
    """The counts, the two switches, the accounts in their order, and stuck jobs."""
    return rx.el.section(
        rx.el.h2("The line", id="line"),
        _counts(),
        rx.el.div(_queue_switch(), _intake_switch(), class_name="switches"),
        rx.cond(
            OperatorState.line.held.length() > 0,
            rx.el.ul(
                rx.foreach(OperatorState.line.held, lambda one: rx.el.li(rx.icon("triangle-alert"), one)),
                class_name="held small",
            ),
        ),
        _accounts(),
        _stuck(),
        class_name="stack",
        aria_labelledby="line",
    )


def _counts() -> rx.Component:
    line = OperatorState.line
    return rx.el.dl(
        _count("Running", line.running),
        _count("Waiting", line.waiting),
        _count("Accounts with jobs", line.accounts_total),
        _count(line.hour, line.runs),
        class_name="counts",
    )


def _count(name: str | rx.Var[str], number: rx.Var[int]) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(number, class_name="numbers"))


def _queue_switch() -> rx.Component:
    return _switch(
        OperatorState.line.queue_paused,
        "Waiting jobs are started",
        "Paused: nothing new is started",
        "A pause lets running jobs end. Those that wait keep their place, and their pages say why.",
        ("Pause the line", "Go on"),
        OperatorState.pause_queue,
    )


def _intake_switch() -> rx.Component:
    return _switch(
        OperatorState.line.intake_paused,
        "New jobs are taken",
        "Closed: new jobs are refused",
        "Closing refuses new jobs with a sentence. Those that were accepted go on to their end.",
        ("Close the intake", "Open it again"),
        OperatorState.pause_intake,
    )


def _switch(
    paused: rx.Var[bool],
    going: str,
    stopped: str,
    meaning: str,
    labels: tuple[str, str],
    handler: rx.event.EventHandler,
) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.h3(
                rx.cond(paused, rx.icon("circle-pause"), rx.icon("circle-check")),
                rx.cond(paused, stopped, going),
                class_name=rx.cond(paused, "verdict warn", "verdict good"),
                role="status",
            ),
            rx.el.p(meaning, class_name="quiet small"),
        ),
        rx.el.button(
            rx.cond(paused, labels[1], labels[0]),
            type="button",
            class_name=rx.cond(paused, "button main", "button"),
            on_click=handler(~paused),
        ),
        class_name="switch",
    )


def _accounts() -> rx.Component:
    line = OperatorState.line
    return rx.cond(
        line.accounts.length() > 0,
        rx.el.div(
            rx.el.h3("Who is next"),
            rx.el.p(
                "Who was served least recently stands first. A share of 2 gets two turns for one.",
                class_name="quiet small",
            ),
            rx.el.div(
                rx.el.table(
                    rx.el.thead(
                        rx.el.tr(
                            rx.el.th("Account", scope="col"),
                            rx.el.th("Running", scope="col", class_name="figure"),
                            rx.el.th("Waiting", scope="col", class_name="figure"),
                            rx.el.th("Share", scope="col", class_name="figure wide-only"),
                            rx.el.th("Limit", scope="col", class_name="figure wide-only"),
                        )
                    ),
                    rx.el.tbody(rx.foreach(line.accounts, _account)),
                    class_name="table",
                ),
                class_name="scrolls",
            ),
            rx.cond(line.more != "", rx.el.p(line.more, class_name="quiet small")),
            class_name="stack close",
        ),
        rx.el.p("Nobody waits, nothing runs.", class_name="quiet"),
    )


def _account(account: rx.vars.ObjectVar[AccountRow]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(account.email, class_name="long"),
        rx.el.td(account.running, class_name="figure"),
        rx.el.td(account.waiting, class_name="figure"),
        rx.el.td(account.share, class_name="figure wide-only"),
        rx.el.td(account.limit, class_name="figure wide-only"),
    )


def _stuck() -> rx.Component:
    line = OperatorState.line
    return rx.cond(
        line.stuck.length() > 0,
        rx.el.div(
            rx.el.h3(
                rx.icon("circle-alert"),
                rx.cond(line.stuck.length() == 1, "1 job is stuck", f"{line.stuck.length()} jobs are stuck"),
                class_name="verdict bad",
            ),
            rx.el.ul(rx.foreach(line.stuck, _stuck_job), class_name="stuck small"),
            class_name="stack close",
        ),
        rx.el.p(
            rx.icon("circle-check"),
            "No job is stuck: all that should move does.",
            class_name="verdict good calm",
        ),
    )


def _stuck_job(job: rx.vars.ObjectVar[StuckRow]) -> rx.Component:
    return rx.el.li(
        rx.el.code(job.id),
        rx.el.span(job.status, ", ", job.why, " Since ", when_it_was(job.since), "."),
    )
