"""The field engineer's command line: a card prepared, a gate enrolled."""
