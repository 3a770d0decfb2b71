"""Models: building, fitting, scoring, storing and asking them."""
