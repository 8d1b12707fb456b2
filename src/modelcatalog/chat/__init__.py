"""Owns what the user holds: `load`, `ChatModel`, `Session`, `Stream`, `Reply`, `Run`. Knows no hub and no tensor."""

from modelcatalog.chat.loading import load
from modelcatalog.chat.model import ChatModel, Session
from modelcatalog.chat.reply import Reply, Stream, Usage
from modelcatalog.chat.running import Result, Run, Step
from modelcatalog.engines import ToolCall

__all__ = ["ChatModel", "Reply", "Result", "Run", "Session", "Step", "Stream", "ToolCall", "Usage", "load"]
