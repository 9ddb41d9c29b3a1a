"""The reference wallet: everybody's phone in one place, with a page to look at them and to walk to a gate."""
