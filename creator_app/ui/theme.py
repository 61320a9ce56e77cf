"""Colours and type: paper and ink, one accent. The rest of the look is in ``assets/creator.css``."""

import reflex as rx

STYLESHEETS = ["/creator.css"]


def radix_plugin() -> rx.plugins.RadixThemesPlugin:
    """Radix Themes in Creator's colours; for ``rxconfig.py``."""
    return rx.plugins.RadixThemesPlugin(
        theme=rx.theme(
            appearance="inherit",
            accent_color="orange",
            gray_color="sand",
            panel_background="solid",
            radius="large",
            has_background=True,
        )
    )


def head() -> list[rx.Component]:
    """What every page has in its head: the small elements, the icon, the colour of the browser's bar."""
    return [
        rx.el.script(src="/creator.js", type="module"),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.link(
            rel="preload",
            href="/fonts/inter-latin-wght-normal.woff2",
            custom_attrs={"as": "font", "type": "font/woff2", "crossOrigin": "anonymous"},
        ),
        rx.el.meta(name="theme-color", content="#fdfdfc", media="(prefers-color-scheme: light)"),
        rx.el.meta(name="theme-color", content="#111110", media="(prefers-color-scheme: dark)"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
    ]
