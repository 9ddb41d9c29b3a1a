"""The town: who comes to which gate when, with which code and how warm, and what the gate says."""
