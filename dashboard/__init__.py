"""The Dash pages that look at run files."""
