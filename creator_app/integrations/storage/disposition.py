"""The Content-Disposition header: RFC 6266, with names as in RFC 5987."""

import re
from urllib.parse import quote


def disposition(filename: str, *, inline: bool) -> str:
    """The header for any name: plain for old programs, RFC 5987 for all others."""
    kind = "inline" if inline else "attachment"
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", filename) or "file"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
