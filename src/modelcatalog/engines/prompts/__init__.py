"""Owns the text side of the engines that make tokens themselves: prompts out of messages, replies out of tokens. Knows no engine."""
