"""Passes of other regions' systems: EU Digital COVID Certificates, SMART Health Cards, NZ COVID Passes."""
