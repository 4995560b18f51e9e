"""The smallest pulse that a camera and its codec preserve, from a clip of a still object or a person."""
