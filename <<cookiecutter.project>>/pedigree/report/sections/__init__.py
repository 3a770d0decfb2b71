"""The sections of the report, for readers who do not run the project themselves."""
