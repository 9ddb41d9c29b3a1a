"""The font of the screen; README.md says how it was made."""
