"""Readings as they come, for other programs: JSON lines, LSL, OSC, MQTT, WebSocket."""
