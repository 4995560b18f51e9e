"""What of a pre-flight's findings can be mended in the file without anybody's judgement."""
