"""Entries: what the gates decided, without anybody's subject."""
