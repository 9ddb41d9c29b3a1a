"""Venues: the tree of regions, places with entrances, their permission to scan."""
