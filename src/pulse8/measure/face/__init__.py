"""Where the face is in each frame, and where its three ROIs are."""
