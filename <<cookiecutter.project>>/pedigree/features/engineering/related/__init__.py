"""Features of related tables: statistics of their rows, also by Featuretools."""
