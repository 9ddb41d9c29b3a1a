"""The fleet server: regions, venues, gates, keys, numbers, and the people who look after them."""
