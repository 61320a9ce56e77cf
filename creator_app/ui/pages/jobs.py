"""The list of jobs."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.jobs import JobsState
from creator_app.state.jobs_live import JobsLive
from creator_app.ui.components.elements import link, pulse
from creator_app.ui.components.job_row import job_row
from creator_app.ui.components.status import bone, empty
from creator_app.ui.layout import page_head, shell

ROUTE = "/jobs"
TITLE = "Jobs · Creator"
ON_LOAD = [AccountState.load, JobsState.load, JobsLive.load]


def page() -> rx.Component:
    """All jobs, newest first, live."""
    return shell(
        page_head("Jobs", link(rx.icon("plus", size=16), "Create", to="/new", class_name="button main")),
        rx.cond(JobsState.loaded, rx.cond(JobsState.rows.length() > 0, _list(), _nothing()), _skeleton()),
        rx.cond(JobsState.active, pulse(JobsState.reload, 4000), pulse(JobsState.reload, 30000)),
        here="jobs",
    )


def _list() -> rx.Component:
    return rx.el.div(
        rx.el.ul(rx.foreach(JobsState.rows, job_row), class_name="jobs", aria_label="Jobs, newest first"),
        rx.cond(
            JobsState.more,
            rx.el.button("Show more", type="button", class_name="button", on_click=JobsState.show_more),
        ),
        class_name="stack",
    )


def _nothing() -> rx.Component:
    return empty(
        "layers",
        "Your jobs will be here.",
        "Each picture you drop in becomes a job: watch it being made, compare, download.",
        link("Create your first", to="/new", class_name="button main"),
    )


def _skeleton() -> rx.Component:
    return rx.el.div(*[bone("72px") for _ in range(5)], class_name="stack near", aria_busy=True)
