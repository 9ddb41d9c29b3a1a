"""People: who may look at this fleet, their sessions and their way in."""
