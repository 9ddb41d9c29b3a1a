"""Makes docs/vectors: codes and passes, good and bad, with every layer taken apart, for other programs."""
