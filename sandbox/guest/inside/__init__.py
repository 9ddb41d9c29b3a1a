"""What lies in the guest: the bench that answers the host, its units, and the board's kernel modules."""
