"""What people gave for a recipe, checked input by input, so that every mistake is named at once."""

import secrets
from collections.abc import Mapping
from typing import Any, Final

from creator_app.domain.recipe import Manifest, RecipeInput, RecipeLimits
from creator_app.domain.recipe_values import InputType, read_value
from creator_app.domain.workflow_safety import leads_outside
from creator_app.errors import InvalidInput
from creator_app.models import Asset

_DRAWN_SEEDS: Final = 2**48


def check_inputs(
    manifest: Manifest, values: Mapping[str, Any], assets: Mapping[str, Asset]
) -> dict[str, Any]:
    """Checks all inputs and draws the seeds.

    Args:
        manifest: the recipe.
        values: the inputs that are no files, by name, as JSON or as texts.
        assets: the files, by input name.

    Returns:
        What the job keeps, by input name; a file is ``{asset_id, filename, width, height}``.

    Raises:
        InvalidInput: ``fields`` says what does not fit, by input name.
    """
    inputs: dict[str, Any] = {}
    fields: dict[str, str] = {}
    for one in manifest.inputs:
        try:
            value = _file(one, manifest.limits, assets) if one.is_file else _value(one, values)
        except ValueError as error:
            fields[one.name] = str(error)
            continue
        if value is not None:
            inputs[one.name] = value
    fields |= _unknown(manifest, values, assets)
    if fields:
        raise _invalid(manifest, fields)
    return inputs


def _value(one: RecipeInput, values: Mapping[str, Any]) -> Any:
    given = values.get(one.name)
    if given is None or (given == "" and one.type is not InputType.TEXT):
        given = one.default
    if one.type is InputType.SEED and given is None:
        return int(one.min or 0) + secrets.randbelow(_seed_span(one))
    if given is None or (given == "" and one.required):
        if one.required:
            raise ValueError("This is needed.")
        return None
    value = read_value(one, given)
    # A text may end up as a node's file name; refused here, it costs nobody a place in the line.
    if one.type is InputType.TEXT and one.node is not None and leads_outside(str(value)):
        raise ValueError("This text begins or ends like the path of a file. Write it in another way.")
    return value


def _seed_span(one: RecipeInput) -> int:
    highest = int(one.max) if one.max is not None else _DRAWN_SEEDS
    return max(1, min(_DRAWN_SEEDS, highest - int(one.min or 0) + 1))


def _file(one: RecipeInput, limits: RecipeLimits, assets: Mapping[str, Asset]) -> dict[str, Any] | None:
    asset = assets.get(one.name)
    if asset is None:
        if one.required:
            kind = "picture" if one.type is InputType.IMAGE else "file"
            raise ValueError(f"Choose a {kind}.")
        return None
    if not asset.content_type.startswith(f"{one.type.value}/"):
        raise ValueError(f"This must be {'a picture' if one.type is InputType.IMAGE else one.type.value}.")
    if asset.width and asset.height:
        _check_size(asset.width, asset.height, limits)
    named = {"asset_id": str(asset.id), "filename": asset.filename}
    return named | {"width": asset.width, "height": asset.height}


def people_megapixels(pixels: int) -> str:
    """A limit in megapixels, rounded down: ``30``, ``12.5``."""
    return f"{pixels // 100_000 / 10:g}"


def _check_size(width: int, height: int, limits: RecipeLimits) -> None:
    if width * height > limits.pixels:
        raise ValueError(
            f"This picture has {width * height / 1e6:.1f} megapixels ({width} × {height}); this recipe takes"
            f" up to {people_megapixels(limits.pixels)}. Make it smaller first."
        )
    if min(width, height) < limits.min_side:
        raise ValueError(
            f"This picture is only {width} × {height} pixels; each side needs at least {limits.min_side}."
        )


def _unknown(manifest: Manifest, values: Mapping[str, Any], assets: Mapping[str, Asset]) -> dict[str, str]:
    known = ", ".join(one.name for one in manifest.inputs)
    fields: dict[str, str] = {}
    for name in [*values, *assets]:
        one = manifest.input(name)
        if one is None:
            fields[str(name)[:80]] = f"This recipe has no such input. It has: {known}."
        elif name in values and one.is_file and values[name] not in (None, ""):
            fields[name] = "This takes a file: send it as one."
        elif name in assets and not one.is_file:
            fields[name] = "This takes a value, not a file."
    return fields


def _invalid(manifest: Manifest, fields: dict[str, str]) -> InvalidInput:
    labels = {one.name: one.label for one in manifest.inputs}
    message = " ".join(f"{labels.get(name, name)}: {problem}" for name, problem in fields.items())
    return InvalidInput(message, hint="Correct what is named and send it again.", fields=fields)
