"""The verdict: the test rows, held against the success criteria and the model in use."""
