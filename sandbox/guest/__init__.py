"""Whole machines in QEMU: simulated chips below a Debian kernel's device nodes, a gate's card in the slot.

What is real: the kernel's buses, pins and file systems, systemd, every library, every line of the firmware.
What is made up: the chip behind the bus, the voltage at a pin, the light before the lens.
`inside/` lies in the guest; docs/hardware-in-the-loop.md says how it works and what it does not prove.
"""
