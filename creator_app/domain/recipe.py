"""What a recipe is: the schema of ``recipe.toml``.

Pure: a text goes in, a checked manifest or sentences about what is wrong come out.
"""

import tomllib
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from creator_app.domain.formulas import FormulaError, read_formula
from creator_app.domain.recipe_values import FILES, InputType, read_value

MANIFEST_FILE: Final = "recipe.toml"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
NodeId = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def _formula_text(value: str) -> str:
    try:
        read_formula(value)
    except FormulaError as error:
        raise ValueError(str(error)) from error
    return value


FormulaText = Annotated[str, AfterValidator(_formula_text)]


class ManifestError(ValueError):
    """A recipe is not as it must be.

    Attributes:
        problems: one sentence each, naming the file, the key and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Strict(BaseModel):
    # A misspelt key must not be passed over in silence.
    model_config = ConfigDict(extra="forbid", frozen=True)


class RecipeInput(_Strict):
    """Something a person gives.

    Attributes:
        name: its key in forms, in the API and in formulas.
        label: what people read beside it.
        help: one sentence for those who ask what it is for.
        node: the node that takes it; left out where only formulas use it.
        input: that node's input.
        min: smallest number, or shortest text.
        max: largest number, or longest text in characters.
        choices: for ``choice``: what can be chosen, in words that people read.
        advanced: shown only to those who look for it.
    """

    name: Name
    label: Words
    help: str = ""
    type: InputType
    node: NodeId | None = None
    input: str | None = None
    default: bool | int | float | str | None = None
    min: float | int | None = None
    max: float | int | None = None
    choices: list[Words] | None = None
    required: bool = False
    advanced: bool = False

    @field_validator("node", mode="before")
    @classmethod
    def _node_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.node is None) != (self.input is None):
            raise ValueError('"node" and "input" belong together: give both, or neither for formulas alone')
        if self.type is InputType.CHOICE and not self.choices:
            raise ValueError('a choice needs "choices", a list of texts')
        if self.type is not InputType.CHOICE and self.choices is not None:
            raise ValueError('only type = "choice" takes "choices"')
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError('"min" is larger than "max"')
        if self.type in FILES and self.default is not None:
            raise ValueError("a file has no default")
        return self

    @property
    def is_file(self) -> bool:
        """Whether a file is given, not a value."""
        return self.type in FILES


class ComputedInput(_Strict):
    """A node's input that is worked out from the others: see `creator_app.domain.formulas`."""

    node: NodeId
    input: str
    value: FormulaText

    @field_validator("node", mode="before")
    @classmethod
    def _node_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class RecipeOutput(_Strict):
    """A result: the node that makes it and what it is called."""

    node: NodeId
    label: Words

    @field_validator("node", mode="before")
    @classmethod
    def _node_as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class RecipeLimits(_Strict):
    """How much a recipe takes.

    Attributes:
        pixels: largest width times height of a picture.
        min_side: shortest side of a picture, in pixels.
        files: files a job.
        seconds: how long a run may take before it is given up.
        idle_seconds: how long a server may say nothing of a run; loading a large model is silent, too.
        connect_seconds: how long a connection to a server may take to stand.
        output_bytes: how much a job's results may weigh together.
    """

    pixels: int = Field(default=40_000_000, ge=1, le=1_000_000_000)
    min_side: int = Field(default=16, ge=1, le=10_000)
    files: int = Field(default=1, ge=0, le=100)
    seconds: float = Field(default=600, gt=0, le=86_400)
    idle_seconds: float = Field(default=300, gt=0, le=86_400)
    connect_seconds: float = Field(default=5, gt=0, le=120)
    output_bytes: int = Field(default=2_000_000_000, ge=1)


class Manifest(_Strict):
    """A whole ``recipe.toml``.

    Attributes:
        values: formulas with a name, for those that several others need; they may use each other.
        computed: what nodes get from formulas.
    """

    slug: Slug
    title: Words
    description: Words
    credits: int = Field(default=1, ge=0, le=100_000)
    inputs: list[RecipeInput] = Field(min_length=1, max_length=60)
    values: dict[Name, FormulaText] = Field(default={}, max_length=100)
    computed: list[ComputedInput] = Field(default=[], max_length=200)
    outputs: list[RecipeOutput] = Field(min_length=1, max_length=20)
    limits: RecipeLimits = RecipeLimits()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = [*self._doubled(), *self._unknown_names(), *self._bad_defaults()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def file_inputs(self) -> list[RecipeInput]:
        """The inputs that are files, in order."""
        return [one for one in self.inputs if one.is_file]

    def ordered_values(self) -> list[tuple[str, str]]:
        """The named formulas, each after those that it uses; those in a circle are left out.

        A database may have given them back in another order than they were written in.
        """
        waiting, ordered = dict(self.values), list[tuple[str, str]]()
        while ready := [name for name in waiting if not read_formula(waiting[name]).names & waiting.keys()]:
            ordered += [(name, waiting.pop(name)) for name in ready]
        return ordered

    def input(self, name: str) -> RecipeInput | None:
        """The input of this name."""
        return next((one for one in self.inputs if one.name == name), None)

    def _settable(self) -> list[RecipeInput | ComputedInput]:
        return [*self.inputs, *self.computed]

    def _doubled(self) -> Iterator[str]:
        names = [one.name for one in self.inputs]
        for name in sorted({one for one in names if names.count(one) > 1}):
            yield f'two inputs are called "{name}"'
        targets = [(one.node, one.input) for one in self._settable() if one.node is not None]
        for node, key in sorted({one for one in targets if targets.count(one) > 1}, key=str):
            yield f'node "{node}", input "{key}" is set twice: keep one'

    def _unknown_names(self) -> Iterator[str]:
        inputs = {one.name for one in self.inputs}
        for name in sorted(inputs & self.values.keys()):
            yield f'the value "{name}" is called like an input: rename it'
        for text in [*self.values.values(), *(one.value for one in self.computed)]:
            for name in sorted(read_formula(text).names - inputs - self.values.keys()):
                yield f'the formula "{text}" uses "{name}", which is no input and no value of this recipe'
        ready = {name for name, _ in self.ordered_values()}
        if waiting := sorted(self.values.keys() - ready):
            yield f"the values {', '.join(waiting)} need each other in a circle: cut it"

    def _bad_defaults(self) -> Iterator[str]:
        for one in self.inputs:
            if one.default is None or one.is_file:
                continue
            try:
                read_value(one, one.default)
            except ValueError as error:
                yield f'the default of "{one.name}" does not fit: {error}'


def read_manifest(text: str) -> Manifest:
    """Reads a ``recipe.toml``.

    Raises:
        ManifestError: names each key that is wrong and what to do.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestError([f"{MANIFEST_FILE}: this is not TOML: {error}. Mend that line."]) from error
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        problems = dict.fromkeys(_problem(content, one) for one in error.errors())
        raise ManifestError(list(problems)) from error


_ADVICE: Final = {
    "missing": "is missing: add it",
    "extra_forbidden": "is not a key of recipes: remove it or mend its spelling",
    "too_short": "is empty: add at least one",
    "string_pattern_mismatch": "may have small letters and digits only, - in slugs, _ in names: rename it",
    "enum": f"must be one of {', '.join(InputType)}",
}


_KINDS: Final = frozenset({"bool", "int", "float", "str"})


def _problem(content: dict[str, Any], error: Any) -> str:
    path = error["loc"]
    if path and path[-1] in _KINDS:  # one of several kinds that were tried: say it once for all
        where, advice = _where(content, path[:-1]), "has the wrong kind of value: mend it"
        return f"{MANIFEST_FILE}: {where} {advice}."
    where = _where(content, path)
    advice = _ADVICE.get(error["type"]) or _sentence(str(error["msg"]))
    return f"{MANIFEST_FILE}: {where + ' ' if where else ''}{advice}."


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ").removesuffix(".")
    return f"is not right: {message}"


def _where(content: Any, path: tuple[Any, ...]) -> str:
    """``inputs[2] "strength", key "min"``: with the entry's name, because nobody counts tables."""
    words = ""
    for part in path:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            content = None
        if isinstance(part, int):
            name = (content.get("name") or content.get("node")) if isinstance(content, dict) else None
            words += f"[{part + 1}]" + (f' "{name}"' if name else "")
        elif not words.endswith(f'key "{part}"'):
            words += f', key "{part}"' if words.endswith(("]", '"')) else str(part)
    return words
