"""A Google Drive (v3) with Google's OAuth beside it, for tests: strict, stateful, and faulty on demand.

No existing test server does uploads, changes and push channels together, so this is one. The real
google-api-python-client speaks to it over real sockets, led here by its own discovery document with another
``rootUrl``; paths, verbs, query parameters and body fields are checked against that document, so that what
Google would refuse is refused here. Other rules name the page of Google's documentation that they come from.

    with DriveServer() as drive:
        ana = drive.user("ana@example.com")
        inbox = ana.folder("Creator/Portrait")
        ana.drop(inbox, "a.png", png, modified="2024-01-01T00:00:00Z")
        service = drive.service(ana.grant(["drive"]))            # the real client library
        drive.fault("rateLimitExceeded", "files.list", times=3)  # trouble at Google
        drive.pushes.times = 2                                   # every push message twice
        drive.changes.lose_every = 10                            # a change log with holes
        os.environ |= drive.environ()                            # leads Creator here
        drive.calls()["files.list"]                              # what it cost

Covered: about.get; files.list (the ``q`` language, orderBy, pages, corpora), get (media with ranges), create,
update (simple, multipart, resumable), copy, delete, generateIds, watch; changes.getStartPageToken, list,
watch; channels.stop; drives.get, list; ``fields`` masks. Users, storage limits, shared drives, sharing,
shortcuts, Google Docs, the scopes ``drive``, ``drive.file`` and the read-only ones. OAuth: consent page,
PKCE, offline access, partly granted scopes, refresh, revocation, test mode's seven days, userinfo, ID tokens.

Not covered: permissions, revisions, comments, labels, exports, batch requests, appDataFolder. They answer 501
or 400.

What each file is about: `clock`, `blobs` (contents), `store` (who has what), `access` (who sees what),
`discovery` (Google's document), `masks` (fields), `query` (q), `resource` (a file as JSON), `listing`,
`files`, `methods`, `uploads`, `changes`, `channels`, `oauth`, `oauth_pages`, `faults`, `wire` (broken
connections), `log`, `people` (what users do), `server`, `control` (the same over HTTP), `app`.
"""

from .control import RemoteDrive
from .server import DriveServer

__all__ = ["DriveServer", "RemoteDrive"]
