"""The live page: a webcam's frames over a WebSocket, measured by the same code as recordings."""
