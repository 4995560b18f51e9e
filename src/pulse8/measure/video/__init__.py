"""Video files: frames with their own timestamps in, files for people and tests out."""
