"""Creator's own small elements, defined in ``assets/js``. They draw their inside by themselves."""

from typing import Any

import reflex as rx
from reflex_components_core.el.element import Element
from reflex_components_core.react_router.dom import ReactRouterLink

# The alias is what is drawn; Reflex makes identifiers from the tag, which can hold no hyphen.
# React must leave alone what such an element draws into itself, also while it takes over a prerendered page.
_HANDS_OFF = {"dangerouslySetInnerHTML": {"__html": ""}}


class _BeforeAfter(Element):
    tag = "BeforeAfter"
    alias = "before-after"


class _DropZone(Element):
    tag = "DropZone"
    alias = "drop-zone"


class _JobForm(Element):
    tag = "JobForm"
    alias = "job-form"


class _WaitingFiles(Element):
    tag = "WaitingFiles"
    alias = "waiting-files"


class _SteadyProgress(Element):
    tag = "SteadyProgress"
    alias = "steady-progress"


class _TabTitle(Element):
    tag = "TabTitle"
    alias = "tab-title"


class _WhenItWas(Element):
    tag = "WhenItWas"
    alias = "when-it-was"


class _ElapsedTime(Element):
    tag = "ElapsedTime"
    alias = "elapsed-time"


class _TimeLeft(Element):
    tag = "TimeLeft"
    alias = "time-left"


class _FormError(Element):
    tag = "FormError"
    alias = "form-error"


class _NextPage(Element):
    tag = "NextPage"
    alias = "next-page"


class _TextResult(Element):
    tag = "TextResult"
    alias = "text-result"


class _PlainLink(Element):
    tag = "PlainLink"
    alias = "a"


class _PlainForm(Element):
    tag = "PlainForm"
    alias = "form"


def _data(**values: Any) -> dict[str, Any]:
    return {f"data-{name}": value for name, value in values.items() if value is not None}


def _flag(value: Any) -> Any:
    # React writes a boolean into an own element's attribute as "" or "false".
    return rx.cond(value, "true", "false")


def before_after(
    before: Any, after: Any, label: Any, *, still: bool = False, fill: bool = False
) -> rx.Component:
    """Two pictures told apart by a seam; ``still`` leaves the zoom out, ``fill`` fills the box."""
    flags = _data(still="" if still else None, fill="" if fill else None)
    return _BeforeAfter.create(
        custom_attrs={**_data(before=before, after=after, label=label), **flags, **_HANDS_OFF},
    )


def drop_zone(
    name: Any, label: Any, *, required: Any, primary: Any, sample: str, megapixels: Any
) -> rx.Component:
    """Takes pictures for the form around it; the primary one takes several, dropped anywhere on the page."""
    flags = _data(required=_flag(required), primary=_flag(primary))
    data = {**_data(name=name, label=label, sample=sample, megapixels=megapixels), **flags}
    return _DropZone.create(custom_attrs={**data, **_HANDS_OFF})


def job_form(*children: rx.Component, **props: Any) -> rx.Component:
    """Around the form of a new job: brings back its draft."""
    return _JobForm.create(*children, **props)


def waiting_files() -> rx.Component:
    """Says that dropped pictures wait for a recipe."""
    return _WaitingFiles.create(custom_attrs=_HANDS_OFF)


def steady_progress(percent: Any, run: Any, *, text: bool = False) -> rx.Component:
    """A progress line that never runs backwards within one ``run``; ``text`` adds the figure."""
    return _SteadyProgress.create(
        custom_attrs={**_data(percent=percent, key=run, text="" if text else None), **_HANDS_OFF}
    )


def tab_title(title: Any, percent: Any = None) -> rx.Component:
    """What the browser's tab says, with the progress before it."""
    return _TabTitle.create(custom_attrs=_data(title=title, percent=percent))


def when_it_was(at: Any) -> rx.Component:
    """A moment as people say it; exact on hover."""
    return _WhenItWas.create(custom_attrs={**_data(at=at), **_HANDS_OFF})


def elapsed_time(since: Any) -> rx.Component:
    """How long it has been going."""
    return _ElapsedTime.create(custom_attrs={**_data(**{"from": since}), **_HANDS_OFF})


def time_left(since: Any, expected_s: Any, percent: Any) -> rx.Component:
    """How long it will go on, given when it began, how long it usually takes, and how far it is."""
    data = _data(**{"from": since}, expected=expected_s, percent=percent)
    return _TimeLeft.create(custom_attrs={**data, **_HANDS_OFF})


def text_result(url: Any) -> rx.Component:
    """A text to read and to copy."""
    return _TextResult.create(custom_attrs={**_data(src=url), **_HANDS_OFF})


def plain_form(*children: rx.Component, **attributes: str) -> rx.Component:
    """A form that the browser sends by itself: Reflex's own keeps every form from being sent."""
    return _PlainForm.create(*children, custom_attrs=attributes)


def form_error() -> rx.Component:
    """The sentence for ``?error=…`` in the address."""
    return _FormError.create(custom_attrs=_HANDS_OFF)


def next_page() -> rx.Component:
    """Carries ``?next=…`` from the address into the form."""
    return rx.fragment(rx.el.input(type="hidden", name="next"), _NextPage.create(custom_attrs=_HANDS_OFF))


def link(*children: Any, to: Any, **props: Any) -> rx.Component:
    """A link that changes the page without loading it anew."""
    return ReactRouterLink.create(*children, to=to, **props)


def file_link(*children: Any, to: Any, **props: Any) -> rx.Component:
    """A link to a file. Reflex would turn its own into a change of page."""
    attributes = {
        "href": to,
        **{name.replace("_", "-"): props.pop(name) for name in ("aria_label",) if name in props},
    }
    return _PlainLink.create(*children, custom_attrs=attributes, **props)


def pulse(handler: Any, every_ms: int) -> rx.Component:
    """Calls ``handler`` now and then while it is on the page, so that lost updates heal."""
    return rx.el.button(
        type="button",
        hidden=True,
        tab_index=-1,
        aria_hidden=True,
        on_click=handler,
        custom_attrs={"data-every": str(every_ms)},
    )
