"""Attacks over HTTP on a running server: the standalone one here, the real WebUI's in tests/webui."""
