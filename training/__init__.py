"""How the project's own small models are made: scenes drawn by code, and three trainings on them."""
