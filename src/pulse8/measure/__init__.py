"""The measure wing: from a recording to a heart rate."""
