"""The page of one job."""

import reflex as rx

from creator_app.state.account import AccountState
from creator_app.state.job import JobState
from creator_app.state.jobs_live import JobsLive
from creator_app.ui.components.elements import link, pulse
from creator_app.ui.components.ended import canceled, done, failed
from creator_app.ui.components.running import running
from creator_app.ui.components.status import bone, empty
from creator_app.ui.layout import shell

ROUTE = "/jobs/[job_id]"
TITLE = "Job · Creator"
ON_LOAD = [AccountState.load, JobState.load, JobsLive.load]


def page() -> rx.Component:
    """What is happening to the picture, or what became of it."""
    return shell(
        link(rx.icon("chevron-left"), "Jobs", to="/jobs", class_name="crumb"),
        rx.cond(_is_here(), rx.cond(JobState.missing, _missing(), _job()), _skeleton()),
        here="jobs",
    )


def _is_here() -> rx.Var:
    """Whether what was read is what the address names now.

    Only the browser knows the address from the first frame on; the state still holds the job shown before.
    """
    path = rx.Var('(typeof window === "undefined" ? "" : window.location.pathname.replace(/[/]+$/, ""))')
    return (JobState.shown != "") & rx.Var(f"{path!s}.endsWith('/' + {JobState.shown!s})")


def _job() -> rx.Component:
    job = JobState.job
    return rx.fragment(
        rx.el.header(rx.el.h1(job.title, class_name="file", title=job.title), class_name="head"),
        rx.match(
            job.status,
            ("succeeded", done()),
            ("failed", failed()),
            ("canceled", canceled()),
            running(),
        ),
        rx.cond(~job.final, pulse(JobState.reload, 3000)),
    )


def _missing() -> rx.Component:
    return empty(
        "image-off",
        "There is no such job.",
        "It may have been deleted, or it belongs to another account.",
        link("Go to your jobs", to="/jobs", class_name="button main"),
    )


def _skeleton() -> rx.Component:
    return rx.el.div(
        rx.el.div(class_name="stage bone", aria_hidden=True),
        rx.el.div(bone("32px", "70%"), bone("48px", "40%"), bone("96px"), class_name="panel"),
        class_name="work",
        aria_busy=True,
    )
