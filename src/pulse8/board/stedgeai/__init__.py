"""The vendor's tool, stedgeai: its commands, its reports. None of it has been run against the real tool."""
