"""The scripts of the WebUI's Script dropdown."""
