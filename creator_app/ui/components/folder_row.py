"""A drop folder in the list, and what was dropped into it."""

import reflex as rx

from creator_app.state.folder_rows import BroughtRow, FileRow, FolderRow
from creator_app.state.folders import ACTIVITY, FoldersState
from creator_app.ui.components.elements import file_link, link, when_it_was
from creator_app.ui.components.status import dot


def folder_row(folder: rx.vars.ObjectVar[FolderRow]) -> rx.Component:
    """One folder: what it makes, what happened there, on or off; its files below when it is open."""
    opened = FoldersState.opened == folder.id
    return rx.el.li(
        rx.el.div(
            rx.el.img(src=folder.example_url, alt="", width="56", height="56", loading="lazy"),
            rx.el.div(
                rx.el.button(
                    folder.recipe_title,
                    rx.cond(
                        folder.name != folder.recipe_title,
                        rx.el.span(f" · {folder.name}", class_name="where"),
                    ),
                    type="button",
                    class_name="name",
                    on_click=FoldersState.show(folder.id),
                    aria_expanded=opened,
                ),
                rx.el.p(
                    rx.cond(folder.trouble != "", folder.trouble, folder.counts),
                    class_name=rx.cond(folder.trouble != "", "said warn", "said numbers"),
                ),
                rx.cond(
                    folder.missing,
                    rx.el.button(
                        "Make it again",
                        type="button",
                        class_name="linklike",
                        on_click=FoldersState.make_again(folder.id),
                    ),
                ),
                class_name="what",
            ),
            rx.el.div(
                rx.cond(folder.last != "", when_it_was(folder.last)),
                rx.switch(
                    checked=folder.enabled,
                    on_change=lambda on: FoldersState.switch(folder.id, on),
                    color_scheme="gray",
                    high_contrast=True,
                    aria_label=f"Take files from {folder.name}",
                ),
                _menu(folder),
                class_name="aside",
            ),
            class_name="head-line",
        ),
        rx.cond(opened, _files(folder)),
        class_name=rx.cond(folder.enabled, "folder", "folder off"),
        custom_attrs={"data-folder": folder.recipe},
    )


def _menu(folder: rx.vars.ObjectVar[FolderRow]) -> rx.Component:
    trigger = rx.el.button(
        rx.icon("ellipsis-vertical", size=18),
        type="button",
        class_name="button plain icon",
        aria_label=f"What to do with {folder.name}",
    )
    return rx.menu.root(
        rx.menu.trigger(trigger),
        rx.menu.content(
            rx.cond(
                folder.url != "",
                rx.menu.item("Open in Google Drive", on_select=rx.redirect(folder.url, is_external=True)),
            ),
            rx.cond(
                folder.results_url != "",
                rx.menu.item("Open its results", on_select=rx.redirect(folder.results_url, is_external=True)),
            ),
            rx.menu.item("Settings", on_select=FoldersState.edit(folder.id)),
            rx.menu.item("Drop the example in", on_select=FoldersState.try_it(folder.id)),
            rx.cond(
                folder.kind == "drive",
                rx.menu.item("No drop folder any more", on_select=FoldersState.remove(folder.id)),
            ),
            variant="soft",
            color_scheme="gray",
        ),
    )


def _files(folder: rx.vars.ObjectVar[FolderRow]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            FoldersState.files.length() > 0,
            rx.el.ul(rx.foreach(FoldersState.files, _file), class_name="dropped"),
            rx.el.div(
                rx.el.p("Nothing was dropped here yet.", class_name="quiet"),
                rx.el.button(
                    "Drop the example in",
                    type="button",
                    class_name="button",
                    on_click=FoldersState.try_it(folder.id),
                ),
                class_name="row",
            ),
        ),
        rx.cond(
            FoldersState.cut,
            rx.el.p(
                f"These are the newest {ACTIVITY}. The jobs of all stand under Jobs.",
                class_name="quiet small",
            ),
        ),
        class_name="inside",
    )


def _file(file: rx.vars.ObjectVar[FileRow]) -> rx.Component:
    return rx.el.li(
        dot(file.tone),
        rx.cond(file.thumb != "", rx.el.img(src=file.thumb, alt="", width="44", height="44", loading="lazy")),
        rx.el.div(
            rx.cond(
                file.job_id != "",
                link(file.name, to=f"/jobs/{file.job_id}", class_name="name"),
                rx.el.span(file.name, class_name="name"),
            ),
            rx.el.span(file.sentence, class_name="said"),
            rx.foreach(file.brought, _brought),
            class_name="what",
        ),
        when_it_was(file.at),
        custom_attrs={"data-file": file.name, "data-tone": file.tone},
    )


def _brought(one: rx.vars.ObjectVar[BroughtRow]) -> rx.Component:
    return rx.cond(
        one.reason != "",
        rx.el.span(one.reason, class_name="said warn"),
        rx.cond(
            one.url != "",
            file_link(rx.icon("arrow-up-right", size=14), one.name, to=one.url, class_name="said brought"),
            rx.cond(one.name != "", rx.el.span("→ ", one.name, class_name="said")),
        ),
    )
