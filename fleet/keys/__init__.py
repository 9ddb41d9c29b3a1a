"""The keys of this fleet: which are held here, and how the others are asked for and rotated."""
