"""Reports for people: pages of HTML, and the numbers and charts in them."""
