"""A town on a laptop: virtual hardware, people with phones, and the authority that issues their codes."""
