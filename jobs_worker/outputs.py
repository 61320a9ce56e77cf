"""Brings a prompt's results from the ComfyUI server into Creator's storage.

They lie under ``jobs/{job}/{attempt}/{n}``: an attempt never touches what another one wrote, and the commit
picks one of them. What a result is says its content, not the server's name for it; the prompt that ComfyUI
writes into pictures stays out of what people download.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, Final

from PIL import Image

from creator_app.bootstrap import Creator
from creator_app.domain.content_types import HEAD_BYTES, content_type, safe_ending
from creator_app.domain.recipe import RecipeLimits
from creator_app.errors import StorageError, TooLarge
from creator_app.infrastructure.crash_points import crash_point
from creator_app.integrations.comfyui import ComfyUIClient, History, OutputFile, OutputText
from creator_app.integrations.storage import StoredObject
from creator_app.models import Asset, Job
from creator_app.models.base import new_id
from creator_app.services.claims import Claim
from jobs_worker.metadata import without_prompt

_MOST_RESULTS: Final = 1000
#: Others would be read by decoders that nobody here needs.
_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")


@dataclass(frozen=True)
class Wanted:
    """What a recipe says of its results.

    Attributes:
        labels: what each of its output nodes makes, by node id.
        max_bytes: how much all results may weigh together.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = RecipeLimits().output_bytes

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "Wanted":
        """Out of a version's manifest."""
        limits = RecipeLimits.model_validate(manifest.get("limits") or {})
        outputs = manifest.get("outputs") or []
        return cls({str(one["node"]): str(one["label"]) for one in outputs}, limits.output_bytes)


def save_outputs(
    creator: Creator, claim: Claim, client: ComfyUIClient, history: History, wanted: Wanted
) -> tuple[list[dict[str, Any]], list[Asset]]:
    """Streams every result into storage.

    Args:
        creator: this process's Creator.
        claim: whose results they are.
        client: of the server that has them.
        history: of the finished prompt.
        wanted: what the recipe says of them.

    Returns:
        The rows for the job's ``outputs``, in order, and the assets to record in the transaction that
        commits them.

    Raises:
        TooLarge: they weigh more than the recipe allows; nothing of them is kept.
        CreatorError: a file could not be fetched or kept.
    """
    rows: list[dict[str, Any]] = []
    assets: list[Asset] = []
    budget = _Budget(wanted.max_bytes)
    try:
        for n, result in enumerate(_results(history, wanted)):
            asset = _save(creator, claim, client, n, result, budget)
            assets.append(asset)
            rows.append(_row(asset, n, result, wanted))
            crash_point("output.after_first")
    except TooLarge:
        with suppress(StorageError):
            creator.storage.delete_prefix(f"jobs/{claim.job.id}/{claim.attempt_id}")
        raise
    return rows, assets


def _results(history: History, wanted: Wanted) -> list[OutputFile | OutputText]:
    """Files that were saved, else previews (never inputs); texts of nodes that the recipe names."""
    by_type = {kind: [file for file in history.files if file.type == kind] for kind in ("output", "temp")}
    files = by_type["output"] or by_type["temp"]
    texts = [text for text in history.texts if text.node_id in wanted.labels or not files]
    if len(files) + len(texts) > _MOST_RESULTS:
        raise TooLarge(
            f"This job made more than {_MOST_RESULTS} results.",
            hint="Tell the person who runs this site: the recipe makes too many files.",
        )
    return [*files, *texts]


class _Budget:
    """Counts what all results of a job weigh."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = max_bytes

    def spend(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._left -= len(piece)
            if self._left < 0:
                raise TooLarge(
                    f"The results of this job are larger than this recipe allows:"
                    f" {self._max_bytes / 1e6:.0f} MB.",
                    hint="Try a smaller picture or other settings.",
                )
            yield piece


def _save(
    creator: Creator,
    claim: Claim,
    client: ComfyUIClient,
    n: int,
    result: OutputFile | OutputText,
    budget: _Budget,
) -> Asset:
    name, source = _source(client, result)
    head, pieces = _peek(budget.spend(source))
    kind = content_type(head, name)
    if not creator.settings.keep_metadata:
        pieces = without_prompt(kind, pieces)
    key = f"jobs/{claim.job.id}/{claim.attempt_id}/{n}"
    stored = creator.storage.put(key, pieces, kind)
    return _asset(creator, claim, stored, kind, result_name(claim.job, n, safe_ending(kind, name)))


def _source(client: ComfyUIClient, result: OutputFile | OutputText) -> tuple[str, Iterator[bytes]]:
    if isinstance(result, OutputText):
        return "text.txt", iter([result.text.encode()])
    return result.filename, client.download(result)


def _peek(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    taken: list[bytes] = []
    while sum(map(len, taken)) < HEAD_BYTES and (piece := next(pieces, None)) is not None:
        taken.append(piece)
    return b"".join(taken)[:HEAD_BYTES], chain(taken, pieces)


def _asset(creator: Creator, claim: Claim, stored: StoredObject, kind: str, filename: str) -> Asset:
    width, height = _size(creator, stored.key) if kind.startswith("image/") else (None, None)
    return Asset(
        id=new_id(),
        account_id=claim.job.account_id,
        kind="output",
        sha256=stored.sha256,
        size_bytes=stored.size,
        content_type=kind,
        filename=filename,
        width=width,
        height=height,
        storage_key=stored.key,
    )


def _row(asset: Asset, n: int, result: OutputFile | OutputText, wanted: Wanted) -> dict[str, Any]:
    return {
        "n": n,
        "asset_id": str(asset.id),
        "filename": asset.filename,
        "content_type": asset.content_type,
        "bytes": asset.size_bytes,
        "width": asset.width,
        "height": asset.height,
        "node": result.node_id,
        "label": wanted.labels.get(result.node_id),
    }


def result_name(job: Job, n: int, ending: str) -> str:
    """What the result is called for people: ``portrait-youtube-thumbnail.png``, then ``…-2.png``."""
    stem = next(
        (
            PurePosixPath(str(value.get("filename") or "")).stem
            for value in job.inputs.values()
            if isinstance(value, dict) and "asset_id" in value
        ),
        "",
    )
    base = "-".join(part for part in (stem, job.recipe_slug) if part)
    number = "" if n == 0 else f"-{n + 1}"
    return f"{base}{number}{ending}"


def _size(creator: Creator, key: str) -> tuple[int | None, int | None]:
    path = creator.storage.local_path(key)
    if path is None:
        return None, None
    try:
        with Image.open(path, formats=_FORMATS) as picture:  # reads the header only
            return picture.size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None, None
