"""How the project's own small models are made: pictures drawn or rendered by code, and trainings on them."""
