"""ControlNet models and what they take: families, presets, detectors."""
