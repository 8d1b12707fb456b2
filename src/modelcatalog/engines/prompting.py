"""Owns a prompt's way to tokens for engines that take tokens: template, rendering, encoding. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.engines.templates import Renderer
from modelcatalog.engines.text import opens_thinking
from modelcatalog.errors import NoChatTemplate, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.engines import Options, Prompt

__all__ = ["Prompter"]


class Prompter:
    """Writes prompts as tokens.

    Args:
        subject: The model, for messages.
        template: The checkpoint's own chat template, if it brought one.
        specials: What templates know by name: ``bos_token``, ``eos_token``, ….
        encode: A text and whether to add the tokens that begin a text, to tokens.
        limit: How many tokens the context holds.
    """

    def __init__(
        self, subject: str, template: str | None, specials: Mapping[str, object], encode: Callable[[str, bool], list[int]], limit: int | None
    ) -> None:
        self.template = template
        self._subject = subject
        self._specials = dict(specials)
        self._encode = encode
        self._limit = limit
        self._renderer = Renderer(subject)

    def close(self) -> None:
        """End the process that renders."""
        self._renderer.close()

    def tokens(self, prompt: Prompt, options: Options) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template opened the model's thinking.

        Raises:
            NoChatTemplate: messages, and no template to write them in.
            Unsupported: the prompt is empty or longer than the context, or the template refuses it.
        """
        if isinstance(prompt, str):
            ids, thinking = self._encode(prompt, True), False  # noqa: FBT003  encode's second argument is add_special
        else:
            template = options.chat_template or self.template
            if template is None:
                message = f"{self._subject} has no chat template: it is a base model, which continues a text"
                hint = "use .complete(text), pass chat_template=, or load the instruct version of it"
                raise NoChatTemplate(message, subject=self._subject, hint=hint)
            switches = {} if options.enable_thinking is None else {"enable_thinking": options.enable_thinking}
            text = self._renderer.render(template, [m.model_dump() for m in prompt], **{**self._specials, **switches})
            # The template writes the special tokens itself; a second <s> spoils the reply.
            ids, thinking = self._encode(text, False), opens_thinking(text)  # noqa: FBT003  as above
        if not ids:
            message = "the prompt is empty: there is no token to continue"
            raise Unsupported(message, subject=self._subject)
        if self._limit is not None and len(ids) >= self._limit:
            message = f"the prompt has {len(ids):,} tokens, the model reads {self._limit:,}"
            hint = "shorten the prompt, begin a new session, or load it with a longer context_length="
            raise Unsupported(message, subject=self._subject, hint=hint)
        return ids, thinking
