"""Checks and converts one plain input value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_CONVERT: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
_SHOWN_OPTIONS = 20


def check_value(name: str, config: list[Any], value: Any) -> tuple[Any, dict[str, Any] | None]:
    """Convert `value` to its input's type and check it.

    Args:
        name: the input.
        config: [type or list of options, settings].
        value: as it came in the prompt.

    Returns:
        The value to use and None, or anything and the error in ComfyUI's shape.
    """
    kind, settings = config
    extra = {"input_name": name, "input_config": config, "received_value": value}
    if isinstance(kind, str) and kind in _CONVERT:
        try:
            value = _CONVERT[kind](value)
        except (TypeError, ValueError, OverflowError) as error:
            return None, _conversion_error(name, kind, value, error, extra)
        extra["received_value"] = value
    options = kind if isinstance(kind, list) else settings.get("options") if kind == "COMBO" else None
    if options is not None and value not in options:
        return None, _not_listed(name, value, options, extra)
    return value, _out_of_range(name, value, settings, extra)


def _conversion_error(
    name: str, kind: str, value: Any, error: Exception, extra: dict[str, Any]
) -> dict[str, Any]:
    return {
        "type": "invalid_input_type",
        "message": f"Failed to convert an input value to a {kind} value",
        "details": f"{name}, {value}, {error}",
        "extra_info": {**extra, "exception_message": str(error)},
    }


def _not_listed(name: str, value: Any, options: list[Any], extra: dict[str, Any]) -> dict[str, Any]:
    many = len(options) > _SHOWN_OPTIONS
    listed = f"(list of length {len(options)})" if many else str(options)
    return {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": f"{name}: '{value}' not in {listed}",
        "extra_info": {**extra, "input_config": None if many else extra["input_config"]},
    }


def _out_of_range(
    name: str, value: Any, settings: dict[str, Any], extra: dict[str, Any]
) -> dict[str, Any] | None:
    low, high = settings.get("min"), settings.get("max")
    if low is not None and value < low:
        kind, message = "value_smaller_than_min", f"Value {value} smaller than min of {low}"
    elif high is not None and value > high:
        kind, message = "value_bigger_than_max", f"Value {value} bigger than max of {high}"
    else:
        return None
    return {"type": kind, "message": message, "details": name, "extra_info": extra}
