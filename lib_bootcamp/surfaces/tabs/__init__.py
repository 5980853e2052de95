"""Pages of operations that deserve a layout of their own; they lay out the declared fields."""
