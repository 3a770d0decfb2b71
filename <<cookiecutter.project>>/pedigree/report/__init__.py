"""Reports for people: HTML pages with numbers and charts."""
