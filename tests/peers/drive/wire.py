"""Breaks connections at a chosen place, between uvicorn and the app."""

import asyncio
import socket
import struct

from starlette.types import Message, Receive, Send

from .faults import Fault


def transport_of(send: Send) -> asyncio.Transport:
    """The socket under an ASGI call: uvicorn's ``send`` is a method of the object that holds it."""
    transport: asyncio.Transport = send.__self__.transport  # type: ignore[attr-defined]
    return transport


def cut(fault: Fault, transport: asyncio.Transport) -> None:
    """Ends the connection, after what was written so far; or resets it."""
    if not fault.reset:
        transport.close()
        return
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


def wait_before_answer(fault: Fault, send: Send) -> Send:
    """The call is acted on, its answer comes late."""

    async def late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(fault.seconds)
        await send(message)

    return late


def cut_request(fault: Fault, length: int, receive: Receive, transport: asyncio.Transport) -> Receive:
    """Reads some of the request's body, then breaks off."""
    left = fault.after_bytes if fault.after_bytes is not None else length // 2

    async def broken() -> Message:
        nonlocal left
        if left <= 0:
            cut(fault, transport)
            return {"type": "http.disconnect"}
        message = await receive()
        if message["type"] == "http.request":
            message["body"] = message["body"][:left]
            left -= len(message["body"])
            message["more_body"] = True
        return message

    return broken


def cut_answer(fault: Fault, send: Send, transport: asyncio.Transport) -> Send:
    """Breaks off when the answer begins (``cut_after``) or in the middle of its body (``cut_response``)."""
    left, is_cut = fault.after_bytes, False

    async def broken(message: Message) -> None:
        nonlocal left, is_cut
        if is_cut:
            return
        if message["type"] == "http.response.start":
            if fault.kind == "cut_after":
                is_cut = True
                cut(fault, transport)
                return
            headers = dict(message["headers"])
            left = int(headers.get(b"content-length", b"2")) // 2 if left is None else left
            await send(message)
            return
        assert left is not None
        body = message.get("body", b"")
        if len(body) < left:
            left -= len(body)
            await send({**message, "more_body": True})
            return
        is_cut = True
        if left:
            await send({**message, "body": body[:left], "more_body": True})
        cut(fault, transport)

    return broken
