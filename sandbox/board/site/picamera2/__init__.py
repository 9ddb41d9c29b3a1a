"""A camera under picamera2's own names: its calls, its arguments, its array shapes and strides."""

from picamera2.camera import Picamera2
from picamera2.request import CompletedRequest, MappedArray

__all__ = ["CompletedRequest", "MappedArray", "Picamera2"]
