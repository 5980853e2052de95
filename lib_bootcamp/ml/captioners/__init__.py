"""Captioners: what puts a picture into a sentence."""

from .registry import register_captioner as register_captioner
