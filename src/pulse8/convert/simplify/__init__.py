"""Anybody's float network brought to one static form, of few operators."""
