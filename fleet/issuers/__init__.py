"""Colours from the issuers: lists and changes are verified here before anybody hears of them."""
