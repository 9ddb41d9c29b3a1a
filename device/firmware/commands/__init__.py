"""What an engineer asks of a gate: each module is one subcommand of `jx-gate`."""
