"""A package, so that another distribution's top-level `tests` cannot take its name."""
