"""The evidence as one HTML file."""
