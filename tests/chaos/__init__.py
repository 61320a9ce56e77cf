"""A whole Creator under load while its parts are killed, stopped and cut off; see docs/chaos.md."""
