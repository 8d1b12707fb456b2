"""Owns how records look: labels, explanations, HTML and what notebooks show. Knows their fields, and makes none."""
