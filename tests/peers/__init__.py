"""How tests start the real servers that they talk to."""
