"""What is raised when a setting is wrong."""


class SettingsError(Exception):
    """One or more settings are wrong; the text has one sentence for each, and never a secret's value.

    Args:
        sentences: each names the setting and says what it must be.
    """

    def __init__(self, sentences: list[str]) -> None:
        self.sentences = sentences
        super().__init__("\n".join(sentences))
