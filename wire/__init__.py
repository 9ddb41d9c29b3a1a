"""Everything that crosses a boundary: pure bytes <-> typed values, without I/O and without a clock."""
