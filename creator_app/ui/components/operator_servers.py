"""The pool of servers, for operators."""

import reflex as rx

from creator_app.state.operator import OperatorState
from creator_app.state.operator_rows import LackRow, MarkRow, RunningRow, ServerRow
from creator_app.ui.components.elements import elapsed_time, when_it_was
from creator_app.ui.components.operator_form import add_server
from creator_app.ui.components.status import empty


def servers_section() -> rx.Component:
    """Every server: how it is, what it does, what it can run, and what can be done about it."""
    some = OperatorState.servers.length() > 0
    return rx.el.section(
        rx.el.header(
            rx.el.div(
                rx.el.h2("Servers", id="servers"),
                rx.cond(some, rx.el.p(OperatorState.pool, class_name="quiet small", role="status")),
            ),
            add_server(),
            class_name="spread",
        ),
        rx.cond(some, rx.el.ul(rx.foreach(OperatorState.servers, _server), class_name="servers"), _nobody()),
        class_name="stack near",
        aria_labelledby="servers",
    )


def _nobody() -> rx.Component:
    return empty(
        "server",
        "No server is in the pool.",
        "Jobs are taken and wait until there is one: add a ComfyUI server by its address.",
    )


def _server(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(_names(server), _actions(server), class_name="line"),
        _health(server),
        rx.cond(
            server.running.length() > 0,
            rx.el.ul(rx.foreach(server.running, _running), class_name="running small"),
        ),
        _facts(server),
        rx.cond(server.lacking.length() > 0, _lacking(server)),
        rx.cond(server.note != "", rx.el.p(server.note, class_name="quiet tiny")),
        class_name="server",
        key=server.id,
        custom_attrs={"data-server": server.address, "data-state": server.state},
    )


def _names(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.div(
        rx.el.h3(server.title),
        rx.el.p(
            rx.cond(server.made != "", f"{server.made} · ", ""),
            rx.el.span(server.address, class_name="address"),
            class_name="quiet tiny",
        ),
        class_name="names",
    )


def _health(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.div(
        rx.el.span(class_name=f"dot {server.tone}", aria_hidden=True),
        rx.el.div(
            rx.el.span(server.sentence, class_name="state"),
            rx.cond(
                server.answered_at != "",
                rx.el.span(", last heard ", when_it_was(server.answered_at), class_name="quiet"),
            ),
            rx.cond(server.detail != "", rx.el.p(server.detail, class_name="quiet small why")),
        ),
        class_name="health",
    )


def _running(job: rx.vars.ObjectVar[RunningRow]) -> rx.Component:
    return rx.el.li(
        job.title,
        rx.cond(job.email != "", rx.el.span(" for ", job.email)),
        rx.el.span(", going for ", elapsed_time(job.since), class_name="quiet"),
    )


def _facts(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.dl(
        _fact("Slots", rx.el.span(server.slots, class_name="numbers")),
        _fact(
            "Device",
            rx.cond(
                server.devices.length() > 0,
                rx.foreach(server.devices, lambda device: rx.el.span(device, class_name="numbers each")),
                "Not known yet",
            ),
        ),
        _fact("Recipes", rx.el.span(server.recipes, class_name="numbers", title=server.able)),
        _fact("Last runs", _runs(server)),
        class_name="figures",
    )


def _fact(name: str, *value: rx.Component | rx.Var[str] | str) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(*value))


def _runs(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.cond(
        server.marks.length() > 0,
        rx.fragment(
            rx.el.span(rx.foreach(server.marks, _mark), class_name="marks", aria_hidden=True),
            rx.cond(
                server.good_at != "",
                rx.el.span("Went well ", when_it_was(server.good_at), class_name="each"),
            ),
            rx.cond(
                server.bad_at != "",
                rx.el.span(
                    "Failed ", when_it_was(server.bad_at), ": ", server.bad_why, class_name="each why"
                ),
            ),
        ),
        "None lately",
    )


def _mark(mark: rx.vars.ObjectVar[MarkRow]) -> rx.Component:
    return rx.el.i(class_name=f"mark-run {mark.tone}", title=mark.said)


def _lacking(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            rx.cond(
                server.lacking.length() == 1,
                "1 recipe can’t run here",
                f"{server.lacking.length()} recipes can’t run here",
            )
        ),
        rx.el.ul(rx.foreach(server.lacking, _lack), class_name="lacking small"),
        class_name="fold",
    )


def _lack(lack: rx.vars.ObjectVar[LackRow]) -> rx.Component:
    return rx.el.li(
        rx.el.strong(lack.title),
        rx.el.span(" lacks "),
        rx.foreach(lack.missing, rx.el.code),
    )


def _actions(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            server.can_resume,
            _button("Resume", f"Resume {server.title}", OperatorState.resume(server.id)),
        ),
        rx.cond(
            server.state != "draining",
            _button("Drain", f"Drain {server.title}", OperatorState.drain(server.id)),
        ),
        rx.cond(~server.fixed, _remove(server)),
        class_name="acts",
    )


def _button(label: str, name: rx.Var[str], handler: rx.event.EventSpec) -> rx.Component:
    return rx.el.button(label, type="button", class_name="button", aria_label=name, on_click=handler)


def _remove(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    """Asks first, and says what happens to jobs."""
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(
            rx.el.button(
                "Remove", type="button", class_name="button plain", aria_label=f"Remove {server.title}"
            )
        ),
        rx.alert_dialog.content(
            rx.alert_dialog.title(f"Remove {server.title}?", class_name="dialog-title"),
            rx.alert_dialog.description(server.leaving, class_name="dialog-text"),
            rx.el.div(
                rx.alert_dialog.cancel(rx.el.button("Keep it", type="button", class_name="button")),
                rx.alert_dialog.action(_really(server)),
                class_name="row end",
            ),
            class_name="dialog",
        ),
    )


def _really(server: rx.vars.ObjectVar[ServerRow]) -> rx.Component:
    return rx.cond(
        server.can_remove,
        rx.el.button(
            "Remove", type="button", class_name="button main", on_click=OperatorState.remove(server.id)
        ),
        rx.el.button(
            "Drain it", type="button", class_name="button main", on_click=OperatorState.drain(server.id)
        ),
    )
