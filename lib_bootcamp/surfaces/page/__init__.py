"""The page, standalone and in a WebUI."""
