"""Folders of training pictures: captions, tags, duplicates, findings, the report."""
