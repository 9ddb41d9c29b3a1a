"""The gate's own program: it reads codes and temperatures, decides, opens, and says what it did."""
