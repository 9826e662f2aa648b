"""A board as one HTML file that needs nothing else: no network, no server, no other file."""

from harness.page.page import page_html

__all__ = ["page_html"]
