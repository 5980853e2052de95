"""Whether a training teaches: concepts that the small checkpoint cannot draw, before and after."""
