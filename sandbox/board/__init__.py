"""A virtual Raspberry Pi below the libraries: environment variables stand the firmware on it.

What is real: picamera2's calls (their stand-in), gpiozero, smbus2, luma and every line of the firmware.
What is made up: the kernel's I²C device, the chips on it, the pins' voltages, and what the camera sees.
`environment.py` says how to start a program on it, `client.py` how to touch it from outside.
"""
