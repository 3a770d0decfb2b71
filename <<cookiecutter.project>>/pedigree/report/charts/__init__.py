"""Charts of HTML and SVG that a browser draws without image files or scripts."""
