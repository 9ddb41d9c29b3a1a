"""The gate: firmware that decides, and the drivers that let it see, measure and open."""
