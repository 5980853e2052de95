"""How the project's own small models are made: pictures drawn by code or rendered from free sets, and trainings on them."""
