"""Every page of Creator, a module each (so that a browser loads only what a page needs)."""

import reflex as rx

from creator_app.state.guard import ForgetFormerSession, on_error
from creator_app.ui import theme
from creator_app.ui.pages import (
    folders,
    job,
    jobs,
    landing,
    login,
    new,
    new_recipe,
    not_found,
    operator,
    signup,
)

PAGES = (landing, login, signup, new, new_recipe, jobs, job, folders, operator)
DESCRIPTION = "Drop a picture in, watch it being worked on, take the result away."


def register(app: rx.App) -> None:
    """Adds the pages, the look and what guards them to ``app``."""
    app.stylesheets = [*app.stylesheets, *theme.STYLESHEETS]
    app.head_components = [*app.head_components, *theme.head()]
    app.html_lang = "en"
    app.backend_exception_handler = on_error
    app.add_middleware(ForgetFormerSession())
    for module in PAGES:
        app.add_page(
            module.page,
            route=module.ROUTE,
            title=module.TITLE,
            description=DESCRIPTION,
            on_load=getattr(module, "ON_LOAD", None),
        )
    app.add_page(not_found.page, route=not_found.ROUTE, title=not_found.TITLE)
