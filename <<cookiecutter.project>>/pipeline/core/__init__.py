"""What several steps share; a step never imports another step's private parts."""
