"""The rules of drop folders: what becomes a job, what waits, what gets a note, what values a name has.

| what a person does | what happens |
|---|---|
| drops, copies or moves a file in | a job |
| drops the same content under another name | a job of its own: it is another file |
| renames a file | nothing: its content was taken already |
| replaces a file's content | a job with the new content |
| replaces it with the very same content | nothing |
| moves a file out before it was taken | nothing |
| moves a file out and back, or into and out of the trash | nothing if it was taken before, else a job |
| moves a file into another drop folder | a job of that folder's recipe |
| drops what the recipe can't take | a note in ``Needs a look``, once |
| a result or note of ours, wherever it is put | nothing, ever |
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from mimetypes import guess_type
from pathlib import PurePosixPath
from typing import Any, Final

from creator_app.domain.recipe import Manifest, RecipeInput
from creator_app.domain.recipe_values import InputType, read_value

#: Folders that we make; what lies in them is never an input.
RESULTS: Final = "Done"
ORIGINALS: Final = "originals"
REVIEW: Final = "Needs a look"
OWN_FOLDERS: Final = frozenset({RESULTS, REVIEW})
#: Values for all files beside it and below.
VALUES_FILE: Final = "recipe.txt"
MAX_VALUES_FILE_BYTES: Final = 64 * 1024
#: Folders in folders deeper than this are left alone.
MAX_DEPTH: Final = 5

_GREW_FACTOR: Final = 4
#: An empty file may be one whose content is still on its way.
_EMPTY_PATIENCE: Final = timedelta(seconds=30)
#: So may one that does not decode.
BROKEN_PATIENCE: Final = timedelta(seconds=20)

_PAIR: Final = re.compile(r"([a-z][a-z0-9_]{0,39})=(.*)", re.DOTALL)
_FAMILIES: Final = {InputType.IMAGE: "image", InputType.VIDEO: "video", InputType.AUDIO: "audio"}
_PEOPLE: Final = {InputType.IMAGE: "pictures", InputType.VIDEO: "videos", InputType.AUDIO: "sounds"}
#: Not known to every system's table of endings.
_ENDINGS: Final = {".heic": "image/heic", ".heif": "image/heif", ".avif": "image/avif", ".webp": "image/webp"}


class Verdict(StrEnum):
    """What is done with something in a drop folder."""

    TAKE = "take"
    WAIT = "wait"
    NOTE = "note"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Judgement:
    """A verdict, and its reason in words for the person.

    Attributes:
        verdict: what to do.
        reason: why it waits, or why it gets a note.
        until: when a waiting file is to be looked at again.
    """

    verdict: Verdict
    reason: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Dropped:
    """What is known of a file when it is judged.

    Attributes:
        name: as people see it.
        kind: file, document or dangling; see `creator_app.integrations.drop_folders.EntryKind`.
        size: bytes, where known.
        version: empty while it is still arriving.
        content_type: the place's guess.
        rested_since: since when it looks as it does.
        grew: it was seen to change before.
        seen_at: when it was first seen.
    """

    name: str
    kind: str
    size: int | None
    version: str
    content_type: str | None
    rested_since: datetime
    grew: bool
    seen_at: datetime


def main_input(manifest: Manifest) -> RecipeInput | None:
    """The input that a dropped file is for: the first required file, else the first file."""
    files = manifest.file_inputs
    return next((one for one in files if one.required), files[0] if files else None)


def companions(manifest: Manifest) -> dict[str, RecipeInput]:
    """The recipe's other file inputs: a file in the folder that is called like one is that input for all."""
    main = main_input(manifest)
    return {one.name: one for one in manifest.file_inputs if main is not None and one.name != main.name}


def is_companion(name: str, manifest: Manifest) -> str | None:
    """The input that a file called ``logo.png`` is for, if the recipe has a further file input ``logo``."""
    stem = PurePosixPath(name).stem.strip().lower()
    return stem if stem in companions(manifest) else None


def judge(file: Dropped, manifest: Manifest, *, now: datetime, rest: timedelta, max_bytes: int) -> Judgement:
    """What is to be done with a file; whether it decodes is only known once it was fetched.

    Args:
        file: what is known of it.
        manifest: the folder's recipe.
        now: by the clock that wrote ``rested_since``.
        rest: how long a file must look the same before it counts as whole.
        max_bytes: of a file that may come in.
    """
    if file.name.strip().lower() == VALUES_FILE:
        return Judgement(Verdict.IGNORE)
    if file.kind == "dangling":
        return Judgement(
            Verdict.NOTE, "This is a shortcut to a file that is not there, or not for us to see."
        )
    main = main_input(manifest)
    wanted = main.type if main is not None else InputType.IMAGE
    if file.kind == "document" or not _may_be(wanted, file):
        return Judgement(Verdict.NOTE, f"This recipe takes {_PEOPLE[wanted]}; this is something else.")
    if file.size is not None and file.size > max_bytes:
        return Judgement(
            Verdict.NOTE,
            f"This file has {file.size / 1e6:.0f} MB; files up to {max_bytes / 1e6:.0f} MB are taken here.",
        )
    return _rested(file, now, rest)


def _rested(file: Dropped, now: datetime, rest: timedelta) -> Judgement:
    if file.size == 0:
        until = file.rested_since + max(rest, _EMPTY_PATIENCE)
        if until > now:
            return Judgement(Verdict.WAIT, "This file is empty so far.", until)
        return Judgement(Verdict.NOTE, "This file is empty.")
    if not file.version:
        return Judgement(Verdict.WAIT, "This file is still arriving.", now + max(rest, timedelta(seconds=1)))
    # What was seen to grow once is given more time: people save in several goes.
    until = file.rested_since + (rest * _GREW_FACTOR if file.grew else rest)
    if until > now:
        return Judgement(Verdict.WAIT, "This file is still arriving.", until)
    return Judgement(Verdict.TAKE)


def _may_be(wanted: InputType, file: Dropped) -> bool:
    """Whether a file may be of the wanted kind, by its ending or by what the place says of it."""
    suffix = PurePosixPath(file.name).suffix.lower()
    by_name = _ENDINGS.get(suffix) or guess_type(file.name)[0] or ""
    family = _FAMILIES[wanted]
    if by_name.startswith(f"{family}/") or (file.content_type or "").startswith(f"{family}/"):
        return True
    # Without an ending that says something, only the content can tell.
    return not by_name and (file.content_type or "application/octet-stream") == "application/octet-stream"


def values_in_name(name: str, manifest: Manifest) -> tuple[str, dict[str, str]]:
    """A file's name without the values in it, and the values: ``portrait__seed=42.png``.

    Only what is an input of the recipe counts; anything else stays part of the name.
    """
    path = PurePosixPath(name)
    known = {one.name for one in manifest.inputs if not one.is_file}
    # A value may have a dot in it: "cat__strength=0.5" has no ending.
    suffix = "" if "=" in path.suffix or path.suffix[1:].isdigit() else path.suffix
    stem = name[: -len(suffix)] if suffix else name
    kept, values = _pairs(stem, known)
    return (kept or "file") + suffix, values


def values_in_path(path: Sequence[str], manifest: Manifest) -> dict[str, str]:
    """The values that folders' names carry, the inner ones last: ``seed=42``, ``night__strength=0.5``."""
    known = {one.name for one in manifest.inputs if not one.is_file}
    values: dict[str, str] = {}
    for name in path:
        values |= _pairs(name, known)[1]
    return values


def _pairs(text: str, known: set[str]) -> tuple[str, dict[str, str]]:
    kept: list[str] = []
    values: dict[str, str] = {}
    for part in text.split("__"):
        found = _PAIR.fullmatch(part.strip())
        if found and found[1] in known:
            values[found[1]] = found[2].strip()
        else:
            kept.append(part)
    return "__".join(kept), values


def read_values_file(text: str) -> dict[str, str]:
    """What a ``recipe.txt`` says: a line for each value, ``name = value``; ``#`` begins a comment.

    Raises:
        ValueError: a line is not like that; the message says which and how it should look.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        name, sign, value = words.partition("=")
        if not sign or not name.strip():
            raise ValueError(f"Line {number} of {VALUES_FILE} is not like this: name = value.")
        values[name.strip().lower()] = value.strip()
    return values


def check_values(values: Mapping[str, Any], manifest: Manifest) -> None:
    """Whether these are values for inputs of the recipe, and fit them.

    Raises:
        ValueError: the message names each that does not.
    """
    problems = []
    known = [one.name for one in manifest.inputs if not one.is_file]
    for name, value in values.items():
        one = manifest.input(name)
        if one is None or one.is_file:
            problems.append(f"“{name}” is no setting of this recipe. It has: {', '.join(known) or 'none'}.")
            continue
        try:
            read_value(one, value)
        except ValueError as error:
            problems.append(f"{one.label}: {error}")
    if problems:
        raise ValueError(" ".join(problems))


_TOKENS: Final = re.compile(r"\{([a-z]+)\}")
_NAME_TOKENS: Final = frozenset({"name", "recipe", "date", "time", "n", "job", "width", "height", "seed"})
_UNSAFE: Final = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')
_LONGEST_NAME: Final = 180


def check_naming(template: str) -> str:
    """A rule for results' names, if it is one: ``{name} {recipe} {n}``.

    Raises:
        ValueError: it names something that is not known, or is too long.
    """
    template = template.strip()
    for token in _TOKENS.findall(template):
        if token not in _NAME_TOKENS:
            raise ValueError(f"{{{token}}} is not known. Use: {', '.join(sorted(_NAME_TOKENS))}.")
    if len(template) > 120:
        raise ValueError("A rule for names has at most 120 characters.")
    return template


def result_name(template: str, facts: Mapping[str, Any], default: str) -> str:
    """What a result is called.

    Args:
        template: the folder's rule; empty: ``default``.
        facts: what the rule's words stand for; ``n`` counts from 1.
        default: what the result is called on the job's page; its ending is kept in any case.
    """
    if not template:
        return default
    suffix = PurePosixPath(default).suffix
    words = _TOKENS.sub(lambda found: str(facts.get(found[1], "")), template)
    if int(facts.get("n") or 1) > 1 and "{n}" not in template:
        words += f"-{facts['n']}"
    clean = _UNSAFE.sub("-", words).strip(" .")[:_LONGEST_NAME]
    if not clean:
        return default
    return clean if clean.lower().endswith(suffix.lower()) else clean + suffix


def stem(name: str) -> str:
    """A file's name without its ending."""
    return PurePosixPath(name).stem or name


def note_name(name: str) -> str:
    """What the note about a file is called: it stands beside the others in the order of their files."""
    clean = _UNSAFE.sub("-", name).strip(" .")[:_LONGEST_NAME] or "file"
    return f"{clean}.txt"


def note_text(name: str, message: str, hint: str, *, charged: bool = False, link: str | None = None) -> str:
    """The text of a note: what happened, what to do, what it cost."""
    lines = [f"{name} was not made into a result.", "", message]
    if hint:
        lines += ["", f"What to do: {hint}"]
    if not charged:
        lines += ["", "You were not charged."]
    if link:
        lines += ["", f"More about it: {link}"]
    return "\n".join(lines) + "\n"
