"""Files of data: the guide's patches, clips, recordings; each checked before it is used."""
