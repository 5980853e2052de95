"""Which ControlNet models fit."""
