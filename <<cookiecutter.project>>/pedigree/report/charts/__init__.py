"""Charts that a browser draws from HTML and SVG: no picture file, no script."""
