"""The section, the tab and the settings inside a WebUI."""
