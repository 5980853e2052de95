"""Things from emoji sets with free licenses: the second generation of the small models."""
