"""A job that is over: its result, or what happened and what to do."""

import reflex as rx

from creator_app.state.job import JobState
from creator_app.state.rows import ResultRow
from creator_app.ui.components.brought import brought
from creator_app.ui.components.elements import (
    before_after,
    file_link,
    link,
    tab_title,
    text_result,
    when_it_was,
)


def done() -> rx.Component:
    """Before and after, the facts, the download."""
    job = JobState.job
    first = job.results[0]
    return rx.el.div(
        rx.el.div(
            _result(first),
            class_name=f"stage {first.kind}",
            style={"--ratio": job.ratio},
        ),
        rx.el.section(
            tab_title(f"Done · {job.title}"),
            _verdict("circle-check", job.sentence, "verdict good"),
            rx.cond(job.results.length() > 1, _downloads(), _download(first)),
            brought(),
            rx.el.dl(
                rx.cond(first.dimensions != "", _fact("Size", first.dimensions)),
                _fact("Format", f"{first.format} · {first.size}"),
                _fact("Recipe", job.recipe_title),
                _fact("Made", when_it_was(job.finished_at)),
                rx.cond(job.waited != "", _fact("Waited before", job.waited)),
                _fact("Cost", job.credits),
                class_name="facts",
            ),
            rx.el.div(
                link("Use again", to=f"/new/{job.recipe}?from={job.id}", class_name="button wide"),
                link(
                    rx.cond(job.before_url != "", "Another picture", "Start over"),
                    to=f"/new/{job.recipe}",
                    class_name="button plain wide",
                ),
                class_name="stack close",
            ),
            class_name="panel",
            aria_label="Result",
        ),
        class_name="work",
    )


def failed() -> rx.Component:
    """What happened, why, what to do; never charged."""
    job = JobState.job
    return _over(
        tab_title(f"Did not work · {job.title}"),
        _verdict("circle-alert", job.error_message, "verdict bad"),
        rx.cond(job.error_hint != "", rx.el.p(job.error_hint)),
        rx.el.p(job.credits, class_name="quiet small"),
    )


def canceled() -> rx.Component:
    """Says that it was stopped, and offers to begin again."""
    job = JobState.job
    return _over(
        tab_title(f"Canceled · {job.title}"),
        _verdict("circle-slash", "You canceled this job.", "verdict"),
        rx.el.p(job.credits, class_name="quiet small"),
    )


def _result(first: rx.vars.ObjectVar[ResultRow]) -> rx.Component:
    job = JobState.job
    return rx.match(
        first.kind,
        (
            "image",
            rx.cond(
                job.before_url != "",
                before_after(job.before_url, first.url, job.title),
                rx.el.img(src=first.url, alt=f"Result: {job.title}"),
            ),
        ),
        (
            "video",
            rx.el.video(src=first.url, controls=True, loop=True, plays_inline=True, preload="metadata"),
        ),
        (
            "audio",
            rx.el.div(
                rx.icon("audio-lines"),
                rx.el.p(first.filename),
                rx.el.audio(src=first.url, controls=True, preload="metadata"),
                class_name="nothing",
            ),
        ),
        ("text", text_result(first.url)),
        rx.el.div(rx.icon("file-check"), rx.el.p(first.filename), class_name="nothing"),
    )


def _over(*words: rx.Component) -> rx.Component:
    job = JobState.job
    return rx.el.div(
        rx.el.div(
            rx.cond(
                job.before_url != "",
                rx.el.img(src=job.before_url, alt=f"Your picture: {job.title}", class_name="under"),
                rx.el.div(rx.icon("image"), class_name="nothing"),
            ),
            class_name="stage",
            style={"--ratio": job.ratio},
        ),
        rx.el.section(
            *words,
            rx.el.button(
                "Try again", type="button", class_name="button main large wide", on_click=JobState.retry
            ),
            link("Change something first", to=f"/new/{job.recipe}?from={job.id}", class_name="button wide"),
            rx.el.dl(
                _fact("Recipe", job.recipe_title),
                _fact("Sent", when_it_was(job.created_at)),
                class_name="facts",
            ),
            class_name="panel",
            aria_label="What happened",
        ),
        class_name="work",
    )


def _verdict(icon: str, words: rx.Var[str] | str, tone: str) -> rx.Component:
    return rx.el.div(rx.el.h2(rx.icon(icon), words, class_name=tone), role="status")


def _fact(name: str, value: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.fragment(rx.el.dt(name), rx.el.dd(value))


def _download(result: rx.vars.ObjectVar[ResultRow]) -> rx.Component:
    return file_link(
        rx.icon("download", size=18),
        "Download",
        to=f"{result.url}?download=1",
        class_name="button main large wide",
        title=f"{result.filename} · {result.facts}",
    )


def _downloads() -> rx.Component:
    """All at once, or one by one by their names."""
    job = JobState.job
    return rx.el.div(
        file_link(
            rx.icon("download", size=18),
            f"Download all {job.results.length()}",
            to=f"/api/v1/jobs/{job.id}/outputs.zip",
            class_name="button main large wide",
        ),
        rx.el.ul(rx.foreach(job.results, _one_of_several), class_name="downloads"),
        class_name="stack close",
    )


def _one_of_several(result: rx.vars.ObjectVar[ResultRow]) -> rx.Component:
    return rx.el.li(
        file_link(
            rx.el.span(result.filename, class_name="name"),
            rx.icon("download", size=16),
            to=f"{result.url}?download=1",
            class_name="button plain wide",
            aria_label=f"Download {result.filename}",
        )
    )
