"""What control maps are computed from: brightness, edges, lines, lights, surfaces."""
