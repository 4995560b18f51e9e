"""The live page: it measures a webcam's pictures in the browser, and is served by this machine or any static host."""
