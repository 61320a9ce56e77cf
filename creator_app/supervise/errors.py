"""Why a Creator could not be started or kept running."""


class StartError(Exception):
    """Something stands in the way of the start.

    Attributes:
        detail: the last lines of the log of the part that failed, or empty.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail
