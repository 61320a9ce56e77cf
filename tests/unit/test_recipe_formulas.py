"""The formulas of recipes: what they can say, and what they can't be talked into."""

import gc
import threading
import time

import pytest

from creator_app.domain.formulas import FormulaError, Size, read_formula

WIDE = Size(1920, 1280)
TALL = Size(600, 1500)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-(7 // 2) + 7 % 4", 0),
        ("image.width / image.height", 1.5),
        ("fit_width(image, 1080, 1920)", 1080),
        ("fit_height(image, 1080, 1920)", 720),
        ("cover_width(image, 1080, 1920)", 2880),
        ("cover_height(image, 1080, 1920)", 1920),
        ("crop_width(image, 1280, 720)", 1920),
        ("crop_height(image, 1280, 720)", 1080),
        ("crop_width(tall, 1, 1) + crop_height(tall, 1, 1)", 1200),
        ('pick(position, "left", 0, "right", 1, 0.5)', 1),
        ('pick("elsewhere", "left", 0, 0.5)', 0.5),
        ("choose(flag, 3, 4)", 3),
        ("clamp(12, 0, 10) + min(1, 2) + max(3, 4) + round(0.6) + floor(1.9) + ceil(1.1)", 19),
        ('"a text"', "a text"),
    ],
)
def test_formulas_say_what_they_seem_to(text: str, expected: object) -> None:
    values = {"image": WIDE, "tall": TALL, "position": "right", "flag": True}
    assert read_formula(text).work_out(values) == expected


@pytest.mark.parametrize("size", [Size(1, 1), Size(16, 10_000), Size(10_000, 16), Size(50_000, 1)])
def test_sizes_are_never_less_than_a_pixel_nor_more_than_the_box(size: Size) -> None:
    for name in ("fit_width", "crop_width"):
        assert read_formula(f"{name}(image, 1080, 1920)").work_out({"image": size}) >= 1
    assert read_formula("fit_width(image, 1080, 1920)").work_out({"image": size}) <= 1080
    assert read_formula("fit_height(image, 1080, 1920)").work_out({"image": size}) <= 1920
    assert read_formula("crop_height(image, 1080, 1920)").work_out({"image": size}) <= size.height


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "image.__class__",
        "(1).__class__",
        "open('/etc/passwd')",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "9 ** 9 ** 9",
        "1 if image else 2",
        "f'{image}'",
        "image[0]",
        "True",
        "None",
        "min(*image)",
        "round(number=1)",
        "1 << 99",
        "x := 1",
        "b'bytes'",
        "1j",
        "",
        "1 +",
        "(" * 200 + "1" + ")" * 200,
        "1 + " * 99 + "1",
        "1" * 401,
    ],
)
def test_nothing_else_is_a_formula(text: str) -> None:
    with pytest.raises(FormulaError):
        read_formula(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 / 0",
        "image + 1",
        "'a' * 99999999",
        "missing",
        "image",
        "pick(1, 2, 3)",
        "min()",
        "1e308 * 10",
        "text.width",
    ],
)
def test_what_cannot_be_worked_out_is_told(text: str) -> None:
    with pytest.raises(FormulaError):
        read_formula(text).work_out({"image": WIDE, "text": "words"})


def test_names_are_known_before_anything_is_worked_out() -> None:
    assert read_formula("fit_width(image, size, 2) + logo.height").names == {"image", "size", "logo"}


class _Slow:
    """Garbage that lets another thread run while it is collected."""

    def __init__(self) -> None:
        self.itself = self  # only the collector gets rid of a ring

    def __del__(self) -> None:
        time.sleep(0)


def test_formulas_may_be_read_in_several_threads_at_once() -> None:
    """Before 3.11.8 and 3.12.2 Python's own parser could not: github.com/python/cpython/issues/106905."""
    broken: list[Exception] = []

    def read(number: int) -> None:
        for n in range(150):
            _Slow()
            try:
                read_formula(f"clamp(fit_width(image, {number}, {n}), 48, max(48, image.width + 1 + 2 * 3))")
            except SystemError as error:
                broken.append(error)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    before = gc.get_threshold()
    gc.set_threshold(20)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
    assert not broken
