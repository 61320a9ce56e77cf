"""A job that is not over: the picture with its preview, and how far it is."""

import reflex as rx

from creator_app.state.job import JobState
from creator_app.state.jobs_live import JobsLive
from creator_app.ui.components.elements import elapsed_time, steady_progress, tab_title, time_left
from creator_app.ui.components.status import dot


def running() -> rx.Component:
    """The stage and the panel beside it."""
    return rx.el.div(_stage(), _panel(), class_name="work")


def _live() -> rx.Var:
    return JobsLive.live[JobState.job.id]


def _stage() -> rx.Component:
    job, live = JobState.job, _live()
    preview = rx.cond(live & (live.preview != ""), live.preview, job.preview_url)
    return rx.el.div(
        rx.cond(
            job.before_url != "",
            rx.el.img(src=job.before_url, alt=f"Your picture: {job.title}", class_name="under"),
            rx.el.div(rx.icon("image"), class_name="nothing"),
        ),
        rx.cond(preview, rx.el.img(src=preview, alt="How it looks so far", class_name="over", key="preview")),
        class_name="stage",
        style={"--ratio": JobState.job.ratio},
    )


def _panel() -> rx.Component:
    return rx.el.section(
        rx.cond(JobState.job.status == "queued", _waiting(), _working()),
        rx.el.p(JobState.job.credits, class_name="quiet small"),
        rx.cond(
            JobState.job.stopping,
            rx.el.p("Stopping…", class_name="quiet", role="status"),
            rx.cond(
                JobState.job.can_cancel,
                rx.el.button("Cancel", type="button", class_name="button", on_click=JobState.cancel),
            ),
        ),
        class_name="panel",
        aria_label="Progress",
    )


def _waiting() -> rx.Component:
    job = JobState.job
    return rx.el.div(
        tab_title(f"Waiting · {job.title}"),
        rx.el.h2(dot(job.status), job.sentence, class_name="verdict", aria_live="polite"),
        rx.el.p(
            rx.cond(job.ahead > 0, "It starts by itself. You can close this page.", "It starts in a moment."),
            class_name="quiet small",
        ),
        rx.cond(job.cold_start != "", rx.el.p(job.cold_start, class_name="quiet small")),
        class_name="stack near",
    )


def _working() -> rx.Component:
    job, live = JobState.job, _live()
    percent = rx.cond(live, live.percent, job.percent)
    # The row knows of a worker that has fallen silent itself, and tells nothing any more.
    quiet_since = rx.cond(live & (live.quiet_since != ""), live.quiet_since, job.quiet_since)
    return rx.el.div(
        tab_title(job.title, percent),
        rx.el.h2(
            dot(job.status),
            rx.cond(
                (job.status == "running") & ~job.stopping & live & (live.step != ""), live.step, job.sentence
            ),
            class_name="verdict",
            aria_live="polite",
        ),
        steady_progress(percent, rx.cond(live, live.run, job.run), text=True),
        rx.cond(
            quiet_since != "",
            rx.el.p(
                "Nothing new from the server for ",
                elapsed_time(quiet_since),
                ". It is asked again and again; big steps can take a while.",
                class_name="quiet small",
            ),
        ),
        rx.el.dl(
            rx.el.dt("Going for"),
            rx.el.dd(elapsed_time(job.started_at)),
            rx.cond(
                job.expected_seconds > 0,
                rx.fragment(
                    rx.el.dt("Time left"), rx.el.dd(time_left(job.started_at, job.expected_seconds, percent))
                ),
            ),
            rx.el.dt("Recipe"),
            rx.el.dd(job.recipe_title),
            class_name="facts",
        ),
        class_name="stack near",
    )
