"""How a rule of the node tables answers: what is asked for at an output, from which inputs, and how it is joined."""
