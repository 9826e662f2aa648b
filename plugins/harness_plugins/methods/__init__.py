"""Preference-alignment methods, one file each."""
