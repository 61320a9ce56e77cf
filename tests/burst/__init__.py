"""Many files dropped at once into people's Drives, while everything on the way fails; see docs/burst.md."""
