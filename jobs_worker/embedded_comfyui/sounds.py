"""Sounds: dictionaries with `waveform` [1, channels, samples] (values -1 to 1) and `sample_rate` in Hz."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Sound = dict[str, Any]
_MOST_BYTES = 512 * 1024 * 1024


def read_sound(container: Any, check: Callable[[], None]) -> Sound | None:
    """The first sound of an open PyAV container, or None.

    Raises:
        ValueError: it is longer than the engine accepts.
    """
    import av

    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="fltp", layout=stream.layout, rate=stream.rate)
    parts: list[np.ndarray] = []
    size = 0
    for frame in container.decode(stream):
        check()
        for piece in resampler.resample(frame):
            parts.append(piece.to_ndarray())
            size += parts[-1].nbytes
        if size > _MOST_BYTES:
            raise ValueError(f"The sound takes more than {_MOST_BYTES // 1024**2} MB.")
    if not parts:
        return None
    return {"waveform": np.concatenate(parts, axis=1)[None], "sample_rate": stream.rate}


def add_sound(container: Any, sound: Sound | None) -> Any:
    """A stream for the sound in a container that is being written, or None."""
    if sound is None:
        return None
    stream = container.add_stream("aac", rate=int(sound["sample_rate"]))
    stream.layout = _layout(sound)
    return stream


def write_sound(container: Any, stream: Any, sound: Sound) -> None:
    """Encode the sound into its stream."""
    import av

    waveform = np.ascontiguousarray(sound["waveform"][0], np.float32)
    frame = av.AudioFrame.from_ndarray(waveform, format="fltp", layout=_layout(sound))
    frame.sample_rate = int(sound["sample_rate"])
    frame.pts = 0
    container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _layout(sound: Sound) -> str:
    return {1: "mono", 2: "stereo"}.get(sound["waveform"].shape[1], "5.1")
