"""Fixes of pre-flight findings that need no human judgement."""
