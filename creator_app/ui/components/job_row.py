"""A job in a list."""

import reflex as rx

from creator_app.state.jobs import JobsState
from creator_app.state.jobs_live import JobsLive
from creator_app.state.rows import JobRow
from creator_app.ui.components.elements import file_link, link, steady_progress, when_it_was
from creator_app.ui.components.status import dot


def job_row(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    """One line: pictures, name, one sentence, progress, time; the whole line is a link."""
    return rx.el.li(
        link(
            rx.el.span(f"Open {job.title}", class_name="hidden-visually"),
            to=f"/jobs/{job.id}",
            class_name="whole",
        ),
        _thumbs(job),
        rx.el.div(
            rx.el.span(job.title, class_name="name"),
            _said(job),
            _line(job),
            class_name="what",
        ),
        rx.el.div(_actions(job), when_it_was(job.created_at), _menu(job), class_name="aside"),
        class_name="job",
        custom_attrs={"data-job": job.id, "data-status": job.status},
    )


def _thumbs(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    return rx.el.div(
        _thumb(job.before_thumb),
        rx.icon("arrow-right"),
        rx.cond(job.after_thumb != "", _thumb(job.after_thumb), _kind_of_result(job)),
        class_name="thumbs",
        aria_hidden=True,
    )


def _thumb(url: rx.Var[str]) -> rx.Component:
    return rx.cond(
        url != "",
        rx.el.img(src=url, alt="", width="56", height="56", loading="lazy"),
        rx.el.span(rx.icon("image"), class_name="none"),
    )


def _kind_of_result(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    icon = rx.match(
        job.result_kind,
        ("video", rx.icon("film")),
        ("audio", rx.icon("audio-lines")),
        ("text", rx.icon("text")),
        ("file", rx.icon("file")),
        rx.icon("image"),
    )
    return rx.el.span(icon, class_name="none")


def _said(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    live = JobsLive.live[job.id]
    step = rx.cond((job.status == "running") & ~job.stopping & live, live.step, job.sentence)
    return rx.el.div(
        dot(job.status),
        rx.el.span(job.recipe_title, " · ", step, class_name="text", aria_live="polite"),
        class_name="said",
    )


def _line(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    live = JobsLive.live[job.id]
    return rx.cond(
        (job.status == "running") | (job.status == "saving"),
        steady_progress(rx.cond(live, live.percent, job.percent), rx.cond(live, live.run, job.run)),
    )


def _actions(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    """What can be done, on hover and focus."""
    return rx.el.div(
        rx.cond(job.can_cancel, _button("Cancel", f"Cancel {job.title}", JobsState.cancel(job.id))),
        rx.cond(
            job.status == "succeeded",
            file_link(
                rx.icon("download", size=16),
                to=_download(job),
                class_name="button plain icon",
                aria_label=f"Download {job.title}",
            ),
        ),
        rx.cond(_again(job), _button("Try again", f"Try {job.title} again", JobsState.retry(job.id))),
        rx.cond(job.final, _button("Delete", f"Delete {job.title}", JobsState.delete(job.id))),
        class_name="acts",
    )


def _menu(job: rx.vars.ObjectVar[JobRow]) -> rx.Component:
    """The same in a menu, where nothing can hover."""
    trigger = rx.el.button(
        rx.icon("ellipsis-vertical", size=18),
        type="button",
        class_name="button plain icon",
        aria_label=f"What to do with {job.title}",
    )
    return rx.el.div(
        rx.menu.root(
            rx.menu.trigger(trigger),
            rx.menu.content(
                rx.cond(job.can_cancel, rx.menu.item("Cancel", on_select=JobsState.cancel(job.id))),
                rx.cond(
                    job.status == "succeeded",
                    rx.menu.item(
                        "Download", on_select=rx.call_script(f"location.assign('{_download(job)}')")
                    ),
                ),
                rx.cond(_again(job), rx.menu.item("Try again", on_select=JobsState.retry(job.id))),
                rx.cond(job.final, rx.menu.item("Delete", on_select=JobsState.delete(job.id))),
                variant="soft",
                color_scheme="gray",
            ),
        ),
        class_name="more",
    )


def _button(label: str, name: rx.Var[str], handler: rx.event.EventSpec) -> rx.Component:
    return rx.el.button(label, type="button", class_name="button plain", aria_label=name, on_click=handler)


def _again(job: rx.vars.ObjectVar[JobRow]) -> rx.Var[bool]:
    return (job.status == "failed") | (job.status == "canceled")


def _download(job: rx.vars.ObjectVar[JobRow]) -> rx.Var[str]:
    return f"{job.results[0].url}?download=1"
