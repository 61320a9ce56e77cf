"""HTTP calls to one ComfyUI server (or the built-in engine)."""

import ssl
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from creator_app.integrations.comfyui.errors import (
    ErrorKind,
    PromptFailed,
    PromptForgotten,
    ServerGone,
    from_rejection,
)
from creator_app.integrations.comfyui.protocol import (
    Finished,
    Found,
    OutputFile,
    Pending,
    Running,
    Unknown,
    parse_history,
)

_CHUNK: Final = 256 * 1024
_LOOKUPS_AFTER_A_LOST_ANSWER: Final = 3
_LOOKUP_PATIENCE_S: Final = 6.0
#: What a proxy says of a server that it does not reach, or whose answer it did not wait for.
_FROM_A_PROXY: Final = frozenset({502, 503, 504})

#: For names that leave its folders, or have a type that it does not know.
_BAD_NAME: Final = frozenset({400, 414, 422})


@dataclass(frozen=True)
class Timeouts:
    """In seconds. A server that drains a stalled listener may be silent for seconds without being dead.

    Attributes:
        connect: until a connection stands, websocket included.
        answer: between two bytes of an answer.
        transfer: between two bytes of a file that goes up or comes down.
    """

    connect: float = 5.0
    answer: float = 20.0
    transfer: float = 120.0


class ComfyUIClient:
    """Speaks to one server over kept connections. One thread at a time.

    Args:
        base_url: such as ``http://127.0.0.1:8188``; a user and password in it go as Basic authentication.
        headers: sent with everything, websocket included, for servers behind a password.
        timeouts: how long to wait.

    Raises:
        ValueError: a header has a line break in it.

    Attributes:
        base_url: without user and password, fit for logs.
        headers: with the password: for no log.
        timeouts: as given.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str] | None = None, timeouts: Timeouts | None = None
    ) -> None:
        self.base_url, password = without_password(base_url)
        self.headers = dict(headers or {})
        if not any(name.lower() == "authorization" for name in self.headers):
            self.headers |= password
        if any(sign in text for pair in self.headers.items() for text in pair for sign in "\r\n\0"):
            raise ValueError("a header of this ComfyUI server has a line break in it")
        self.timeouts = timeouts or Timeouts()
        self._http = httpx.Client(base_url=self.base_url, headers=self.headers, verify=_verify(self.base_url))
        self.set_timeouts(self.timeouts)

    def set_timeouts(self, timeouts: Timeouts) -> None:
        """Waits as long as this from now on: recipes differ."""
        self.timeouts = timeouts
        self._http.timeout = httpx.Timeout(timeouts.answer, connect=timeouts.connect)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def submit(self, prompt: Mapping[str, Any], *, prompt_id: str, client_id: str) -> None:
        """Sends a prompt under our id. A lost answer is looked up before anything is sent again.

        Raises:
            PromptFailed: it was refused, or one of its branches was (then it is canceled here).
            ServerGone: the server can't be reached; `PromptForgotten` if it can, but never got the prompt.
        """
        body = {"prompt": prompt, "prompt_id": prompt_id, "client_id": client_id}
        try:
            answer = self._http.post("/prompt", json=body)
        except httpx.ConnectError as error:
            raise ServerGone(self._said(error)) from error  # it was never sent
        except httpx.HTTPError as error:
            self._look_up_after_a_lost_answer(prompt_id, self._said(error))
            return
        parsed = _json(answer)
        if answer.status_code in _FROM_A_PROXY or (answer.status_code == httpx.codes.OK and parsed is None):
            self._look_up_after_a_lost_answer(prompt_id, f"HTTP {answer.status_code}")
            return
        if answer.status_code != httpx.codes.OK:
            raise from_rejection(answer.status_code, parsed, answer.text)
        if parsed and parsed.get("node_errors"):
            # One branch is invalid and the others would run: half a result is none.
            self.cancel(prompt_id)
            raise from_rejection(answer.status_code, {"error": {}, **parsed}, answer.text)

    def _look_up_after_a_lost_answer(self, prompt_id: str, why: str) -> None:
        deadline = time.monotonic() + _LOOKUP_PATIENCE_S
        unknown = 0
        while True:
            try:
                if not isinstance(self.find(prompt_id), Unknown):
                    return
                unknown += 1
            except ServerGone:  # what cut the answer off may cut off this one too
                if time.monotonic() > deadline:
                    raise
            if unknown == _LOOKUPS_AFTER_A_LOST_ANSWER:
                break
            time.sleep(0.2 * (unknown + 1))  # it may be on its way from the socket into the queue
        raise PromptForgotten(f"the answer to POST /prompt was lost ({why}), and the prompt never arrived")

    def find(self, prompt_id: str) -> Found:
        """What the server knows of a prompt: history first, for only that says that it is done.

        Raises:
            ServerGone: it does not answer.
        """
        found = self._history(prompt_id)
        if found is not None:
            return found
        queue = self._get_json("/queue")
        if _lists(queue.get("queue_running"), prompt_id):
            return Running()
        if _lists(queue.get("queue_pending"), prompt_id):
            return Pending()
        # It may have ended between the two looks.
        return self._history(prompt_id) or Unknown()

    def _history(self, prompt_id: str) -> Finished | None:
        entry = self._get_json(f"/history/{quote(prompt_id)}").get(prompt_id)
        return Finished(parse_history(entry)) if entry else None

    def history(self, prompt_id: str) -> Finished | None:
        """The prompt's history, or ``None`` while it has none.

        Raises:
            ServerGone: the server does not answer.
        """
        return self._history(prompt_id)

    def upload(self, stream: BinaryIO, filename: str, subfolder: str) -> str:
        """Uploads an input.

        Returns:
            The name to put into a load node: the server may have chosen another one than ours.

        Raises:
            PromptFailed: the server refused it.
            ServerGone: it does not answer.
        """
        try:
            answer = self._http.post(
                "/upload/image",
                files={"image": (filename, stream, "application/octet-stream")},
                data={"subfolder": subfolder, "type": "input", "overwrite": "true"},
                timeout=httpx.Timeout(self.timeouts.transfer, connect=self.timeouts.connect),
            )
        except httpx.HTTPError as error:
            raise ServerGone(self._said(error)) from error
        parsed = _json(answer)
        if answer.status_code in _FROM_A_PROXY:
            raise ServerGone(f"/upload/image answered {answer.status_code}")
        if answer.status_code != httpx.codes.OK:
            raise from_rejection(answer.status_code, parsed, answer.text)
        if not parsed or not parsed.get("name"):
            raise ServerGone("/upload/image answered without a name")
        folder = str(parsed.get("subfolder") or "")
        return f"{folder}/{parsed['name']}" if folder else str(parsed["name"])

    def download(self, file: OutputFile) -> Iterator[bytes]:
        """Streams a result, in pieces of at most 256 KiB.

        Raises:
            PromptForgotten: the server has no such file (any more).
            PromptFailed: the file's name is one that it gives to nobody.
            ServerGone: it does not answer, or stops in the middle.
        """
        params = {"filename": file.filename, "subfolder": file.subfolder, "type": file.type}
        try:
            with self._http.stream(
                "GET",
                "/view",
                params=params,
                timeout=httpx.Timeout(self.timeouts.transfer, connect=self.timeouts.connect),
            ) as answer:
                if answer.status_code == httpx.codes.NOT_FOUND:
                    raise PromptForgotten(f"/view has no {file.filename}")
                if answer.status_code in _BAD_NAME:
                    raise PromptFailed(ErrorKind.UNKNOWN, f"/view refused the name {file.filename}")
                if answer.status_code != httpx.codes.OK:
                    raise ServerGone(f"/view answered {answer.status_code} for {file.filename}")
                yield from answer.iter_bytes(_CHUNK)
        except httpx.HTTPError as error:
            raise ServerGone(self._said(error)) from error

    def cancel(self, prompt_id: str, patience_s: float = 30.0) -> Found:
        """Ends exactly this prompt, waiting or running, and nobody else's.

        An interrupt can be lost between the queue and the start, so both are asked until the server
        lists it no more. A node that never looks runs on to its end.

        Returns:
            What became of it: a result may still have appeared.

        Raises:
            ServerGone: the server does not answer.
        """
        deadline = time.monotonic() + patience_s
        pause = 0.02
        while True:
            found = self.find(prompt_id)
            if isinstance(found, Finished | Unknown) or time.monotonic() > deadline:
                return found
            self._post("/queue", {"delete": [prompt_id]})
            self._post("/interrupt", {"prompt_id": prompt_id})
            time.sleep(pause)
            pause = min(0.5, pause * 1.6)

    def prompt_ids(self) -> list[str]:
        """The ids of all prompts that wait or run there, whoever sent them.

        Raises:
            ServerGone: the server does not answer.
        """
        queue = self._get_json("/queue")
        rows = [row for name in ("queue_running", "queue_pending") for row in queue.get(name) or []]
        return [str(row[1]) for row in rows if isinstance(row, list) and len(row) > 1]

    def object_info(self) -> dict[str, Any]:
        """The node classes that the server has.

        Raises:
            ServerGone: it does not answer.
        """
        return self._get_json("/object_info")

    def system_stats(self) -> dict[str, Any]:
        """Version, memory, devices.

        Raises:
            ServerGone: it does not answer.
        """
        return self._get_json("/system_stats")

    def _said(self, error: Exception) -> str:
        """An error's own words, without the password, whatever library put it there."""
        text = repr(error)
        for secret in (
            *self.headers.values(),
            *(value.rpartition(" ")[2] for value in self.headers.values()),
        ):
            text = text.replace(secret, "…") if len(secret) > 3 else text
        return text

    def _get_json(self, path: str) -> dict[str, Any]:
        try:
            answer = self._http.get(path)
        except httpx.HTTPError as error:
            raise ServerGone(self._said(error)) from error
        parsed = _json(answer)
        if answer.status_code != httpx.codes.OK or parsed is None:
            raise ServerGone(f"{path} answered {answer.status_code}", http_status=answer.status_code)
        return parsed

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            self._http.post(path, json=body)
        except httpx.HTTPError as error:
            raise ServerGone(self._said(error)) from error


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """An address without user and password, and the header that carries them instead."""
    parts = urlsplit(url.rstrip("/"))
    if "@" not in parts.netloc:
        return urlunsplit(parts), {}
    who, _, host = parts.netloc.rpartition("@")
    token = b64encode(unquote(who).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {token}"}


def _verify(base_url: str) -> ssl.SSLContext | bool:
    # Reading the certificates of all authorities takes longer than a small prompt: once, and for https only.
    return _certificates() if base_url.startswith("https:") else False


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _json(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        parsed = answer.json()
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def _lists(rows: object, prompt_id: str) -> bool:
    # A row of /queue: number, prompt id, prompt, extra data, outputs.
    return isinstance(rows, list) and any(
        isinstance(row, list) and len(row) > 1 and row[1] == prompt_id for row in rows
    )
