"""Forms that the browser draws when they are first shown."""
