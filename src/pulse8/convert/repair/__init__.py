"""Fixes for pre-flight findings that need no human judgement."""
