"""The verdict: the test rows, judged by the success criteria and compared with the model in use."""
