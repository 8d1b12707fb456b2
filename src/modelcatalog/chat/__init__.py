"""Owns what the user holds: `load`, `ChatModel`, `Session`, `Stream`, `Reply`. Knows no hub and no tensor."""

from modelcatalog.chat.loading import load
from modelcatalog.chat.model import ChatModel, Session
from modelcatalog.chat.reply import Reply, Stream, Usage

__all__ = ["ChatModel", "Reply", "Session", "Stream", "Usage", "load"]
