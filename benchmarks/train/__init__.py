"""A training's speed, start, memory and resumption, beside sd-scripts and a bare loop."""
