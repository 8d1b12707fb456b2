"""Owns the text side of a checkpoint whose tokens an engine makes: prompts to tokens, tokens to a reply. Knows no model.

Every engine that makes tokens itself gives it a tokenizer and what the files say of templates and ends; the rest is the
same for all: which template, in which form, its switches, where a turn ends, what is thinking.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.engines import media
from modelcatalog.engines.prompts.calling import Calls, spelled, way
from modelcatalog.engines.prompts.rendering import Forms
from modelcatalog.engines.prompts.templates import Renderer
from modelcatalog.engines.prompts.thinking import Parter, marks
from modelcatalog.engines.text import Writer
from modelcatalog.errors import NoChatTemplate, UnsafeRepository, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from modelcatalog.engines import Options, Prompt
    from modelcatalog.engines.text import Tokens
    from modelcatalog.engines.tools import Tool
    from modelcatalog.entries import MarkEntry, WayEntry

__all__ = ["Prompted", "Prompter"]

_BEFORE = 8
"""Tokens of a text that is continued, by which its next word is decoded."""
_NOTHING = re.compile(r"\s*(</[\w:|-]+>\s*)*")
_MARKUP = re.compile("[<>\\[\\]|\uff5c\u2581_]")
"""What words have not, and special tokens have: brackets, bars also of full width, SentencePiece's underline."""
_USUAL = {"messages", "tools", "documents", "add_generation_prompt", "bos_token", "eos_token", "pad_token", "unk_token"}


class Prompted(NamedTuple):
    """A prompt as tokens, and what writes its reply."""

    ids: list[int]
    writer: Writer
    thinking: bool
    """Whether the template opened the model's thinking."""


class Prompter:
    """Writes prompts as tokens, and knows how their replies are read.

    Args:
        subject: The model, for messages.
        tokens: The checkpoint's tokenizer.
        templates: Its chat templates by name; the usual one is ``default``.
        specials: What templates know by name: ``bos_token``, ``eos_token``, ….
        ends: Tokens that end a reply, as the files say.
        limit: How many tokens the context holds.
        rows: How many tokens the model has embeddings of; None: as many as the tokenizer has.
        longer: Whether it can be made to hold more by ``context_length=``.
        own: Marks of thinking that the checkpoint states itself.
        calls: The way of writing calls of tools that the checkpoint states itself.
        stops: Strings that end an answer where the caller names none.
    """

    def __init__(
        self,
        subject: str,
        tokens: Tokens,
        templates: Mapping[str, str],
        specials: Mapping[str, object],
        ends: Iterable[int],
        *,
        limit: int | None = None,
        rows: int | None = None,
        longer: bool = False,
        own: Sequence[MarkEntry] = (),
        calls: WayEntry | None = None,
        stops: Sequence[str] = (),
    ) -> None:
        self._own = own
        self._stops = tuple(stops)
        self._calls = calls
        self.templates = {name: text for name, text in templates.items() if text}
        self._subject = subject
        self._tokens = tokens
        self._specials = dict(specials)
        self._limit, self._rows = limit, rows
        self._hint = f"shorten the prompt, {'begin a new session, or load it with a longer context_length=' if longer else 'or begin a new session'}"
        self._renderer = Renderer(subject)
        self._forms = Forms(self._renderer, subject)
        # Read as letters, which the decoder would lose.
        self._spelled: dict[int, str] = {}
        for one in vocabulary.thinking().spelled:
            places = [tokens.token(word) for word in one.tokens]
            self._spelled |= {token: word for token, word in zip(places, one.tokens, strict=True) if token is not None and None not in places}
        self._marks = {token: mark for token, mark in marks(tokens.token, own).items() if token not in self._spelled}
        self._stated = self._without_channels(frozenset(ends))
        self._ends: dict[str, frozenset[int]] = {}

    @property
    def ends(self) -> frozenset[int]:
        """The tokens that end a reply to messages, unless they come with a template of their own."""
        return self._ends_of(self.templates["default"]) if "default" in self.templates else self._stated

    def encode(self, text: str) -> list[int]:
        """The tokens of a rendered prompt, whose template wrote the special ones."""
        return self._tokens.encode(text, False)  # noqa: FBT003  encode's second argument is add_special

    def close(self) -> None:
        """End the process that renders."""
        self._renderer.close()

    def ask(self, prompt: Prompt, options: Options, see: Callable[[str], list[int]] | None = None) -> Prompted:
        """The prompt's tokens, and what writes its reply.

        Args:
            prompt: What is asked.
            options: How to generate.
            see: Makes the tokens of a prompt with images or recordings, whose places a message's text may hold already; None where the engine
                takes none.

        Raises:
            NoChatTemplate: messages, and no template to write them in.
            Unsupported: the prompt is empty or longer than the context, the template refuses it or leaves a message out, or an
                option has nothing to act on.
        """
        if isinstance(prompt, str):
            self._refuse_switches(options)
            ids = self._to_continue(prompt)
            writer = Writer(self._tokens, options.stop or self._stops, self._stated, before=ids[-_BEFORE:])
            thinking = False
        else:
            if see is None and media.of(prompt):
                message = f"{self._subject} takes no images and no recordings on this engine"
                raise Unsupported(message, subject=self._subject, hint='use engine="transformers", or a server that has a model which takes them')
            tools = self._offered(options)
            template = self._template(options.chat_template, tools=bool(tools))
            values = {**self._specials, **self._switches(template, options), **self._told(template, tools)}
            calls, spelled_too = self._read_by(template, tools)
            rendered = self._forms.render(template, prompt, values)
            self._forms.refuse_silent(template, prompt, values, vocabulary.tools().names, rendered.text)
            # The template writes the special tokens itself; a second <s> spoils the reply.
            ids = (see or self.encode)(rendered.text)
            said = "\n".join(message.content for message in prompt)
            parter = Parter(rendered.tail, tokens=frozenset(self._marks.values()), asked=said, own=self._own, calls=calls is not None)
            thinking = parter.thinking
            letters = self._spelled | spelled_too
            writer = Writer(self._tokens, options.stop or self._stops, self._ends_of(template), marks=self._marks, spelled=letters, parter=parter, calls=calls)
        if not ids:
            message = "the prompt is empty: there is no token to continue"
            raise Unsupported(message, subject=self._subject, hint="write at least one word")
        # What stands for an image may have no embedding, and gets none.
        if self._rows is not None and max(ids) >= self._rows and (isinstance(prompt, str) or not media.of(prompt)):
            beyond = max(ids)
            message = f"the prompt has the token {self._tokens.added(beyond) or beyond}, number {beyond:,}, and {self._subject} has {self._rows:,} embeddings"
            hint = "leave it out, or fetch the tokenizer and the weights again, of one revision"
            raise Unsupported(message, subject=self._subject, hint=hint)
        if self._limit is not None and len(ids) >= self._limit:
            message = f"the prompt has {len(ids):,} tokens, the model reads {self._limit:,}"
            raise Unsupported(message, subject=self._subject, hint=self._hint)
        return Prompted(ids, writer, thinking)

    def _to_continue(self, text: str) -> list[int]:
        """The tokens of a text that goes on: with what begins one, and without the end that some tokenizers put behind every text."""
        ids = self._tokens.encode(text, True)  # noqa: FBT003  encode's second argument is add_special
        if len(ids) > 1 and ids[-1] in self._stated:
            own = self._tokens.encode(text, False)  # noqa: FBT003  as above
            while len(ids) > len(own) and ids[-1] in self._stated and ids[-len(own) - 1 : -1] == own:
                ids.pop()
        return ids

    # Which template, and its switches --------------------------------------------------------------

    def _template(self, asked: str | None, *, tools: bool = False) -> str:
        if asked is not None:
            return self.templates.get(asked, asked)
        if tools and (own := self.templates.get(vocabulary.tools().template)) is not None:
            return own
        if "default" in self.templates:
            return self.templates["default"]
        if self.templates:
            names = sorted(self.templates)
            message = f"{self._subject} has several chat templates and no default one: {', '.join(names)}"
            raise Unsupported(message, subject=self._subject, hint=f"pass chat_template={names[0]!r}, or another of them")
        message = f"{self._subject} has no chat template: it is a base model, which continues a text"
        hint = "use .complete(text), pass chat_template=, or load the instruct version of it"
        raise NoChatTemplate(message, subject=self._subject, hint=hint)

    def _switches(self, template: str, options: Options) -> dict[str, bool]:
        if options.enable_thinking is None:
            return {}
        names = self._renderer.names(template)
        known = next((name for name in vocabulary.thinking().switches if name in names), None)
        if known is not None:
            return {known: options.enable_thinking}
        own = sorted(names - _USUAL - self._specials.keys())
        message = f"the chat template of {self._subject} has no switch for thinking"
        reads = f"; it reads {', '.join(own)}" if own else ""
        said = [word for word in vocabulary.thinking().commands if word in template]
        acts = f"; it acts on {' and '.join(said)} in a message" if said else ""
        hint = f"leave enable_thinking= out, or pass chat_template= with one that knows it{reads}{acts}"
        raise Unsupported(message, subject="enable_thinking", hint=hint)

    # Tools ------------------------------------------------------------------------------------------

    def _offered(self, options: Options) -> Sequence[Tool]:
        """The tools that the model is to know of.

        Raises:
            Unsupported: the reply is to be more than what the model makes of them.
        """
        if not options.tools or options.tool_choice == "none":
            return ()
        if options.constraint is not None:
            message = "a reply either may call tools or must match something, and both were asked for"
            raise Unsupported(message, subject="tools", hint="let the tools be called first, and ask for response_format= without tools= afterwards")
        if options.tool_choice not in (None, "auto"):
            message = f"tool_choice={options.tool_choice!r} cannot be kept here: the model itself decides whether it calls a tool"
            raise Unsupported(message, subject="tool_choice", hint="leave it out, or use a server that has it, with engine='openai'")
        return options.tools

    def _told(self, template: str, tools: Sequence[Tool]) -> dict[str, object]:
        """The tools under the name by which a template reads them."""
        if not tools:
            return {}
        reads = self._renderer.names(template)
        name = next((name for name in vocabulary.tools().names if name in reads), None)
        if name is None:
            message = f"the chat template of {self._subject} has no place for tools"
            raise Unsupported(message, subject="tools", hint="take a model that calls tools, or pass chat_template= with one that writes them")
        told = [tool.schema for tool in tools]
        for one in told:
            one["function"]["parameters"].setdefault("required", [])  # templates look whether an argument is among them
        return {name: told}

    def _read_by(self, template: str, tools: Sequence[Tool]) -> tuple[Calls | None, dict[int, str]]:
        """What reads the calls in a reply, and the tokens that it needs as letters."""
        if not tools:
            return None, {}
        entry = self._calls or way(template, lambda word: self._added(word) is not None, self._subject)
        letters = {token: text for text in spelled(entry) if (token := self._added(text)) is not None and token not in self._marks}
        return Calls(entry, tools, self._subject), letters

    def _added(self, text: str) -> int | None:
        """The added token that a text is."""
        token = self._tokens.token(text)
        return None if token is None or self._tokens.added(token) is None else token

    def _refuse_switches(self, options: Options) -> None:
        if options.tools:
            message = "tools= needs messages, and a text is continued without any"
            raise Unsupported(message, subject="tools", hint="leave it out, or use .chat(messages)")
        for name in ("enable_thinking", "chat_template"):
            if getattr(options, name) is not None:
                message = f"{name}= is about chat templates, and a text is continued without one"
                raise Unsupported(message, subject=name, hint="leave it out, or use .chat(messages)")

    # Where a reply ends ----------------------------------------------------------------------------

    def _ends_of(self, template: str) -> frozenset[int]:
        if template not in self._ends:
            ends = self._template_ends(template)
            self._ends[template] = self._without_channels(self._stated | ends) if ends else self._stated
        return self._ends[template]

    def _template_ends(self, template: str) -> frozenset[int]:
        """The tokens that end a reply by the template: what closes an assistant's turn, and what opens a user's turn alone.

        Who writes the second speaks for the user: GLM closes no turn otherwise, and what was tuned may have lost the list that says so.
        """
        try:
            around = self._forms.around_reply(template, self._specials)
        except UnsafeRepository:
            return frozenset()
        if around is None:
            return frozenset()
        begins, opens, ends, between = (self._tokens.encode(text, False) for text in around)  # noqa: FBT003  no special tokens
        users = {token for token in between if token in begins and token not in opens and self._is_added(token)}
        found = users | {self._closing(begins, ends, between)}
        return frozenset(token for token in found if token is not None and token not in self._marks and token not in self._spelled)

    def _closing(self, begins: Sequence[int], ends: Sequence[int], between: Sequence[int]) -> int | None:
        """The token that a template closes an assistant's turn with.

        It stands behind the reply at the end of a conversation and before the next turn alike; or before the next turn only,
        with another one behind it that opens that turn. A token that only begins a turn, or parts two, closes none.
        """
        closing, opening = self._first_added(ends), self._first_added(between)
        if closing is None and opening is not None and not any(map(self._is_added, ends)):
            rest = between[between.index(opening) + 1 :]
            closing = opening if opening not in begins and any(map(self._is_added, rest)) and not self._begins_word(rest) else None
        elif closing is not None and self._begins_word(ends[ends.index(closing) + 1 :]):
            return None
        return closing if closing == opening else None

    def _first_added(self, ids: Sequence[int]) -> int | None:
        """The special token that a text begins with, but for white space and closing tags."""
        place = next((place for place, token in enumerate(ids) if self._is_added(token)), None)
        return None if place is None or not _NOTHING.fullmatch(self._tokens.decode(ids[:place])) else ids[place]

    def _begins_word(self, ids: Sequence[int]) -> bool:
        """Whether a word stands first: then the token before it is a part of a longer mark."""
        place = next((place for place, token in enumerate(ids) if self._is_added(token)), len(ids))
        return self._tokens.decode(ids[:place])[:1].isalnum()

    def _is_added(self, token: int) -> bool:
        # Some vocabularies have line breaks and words beside the others too.
        return _MARKUP.search(self._tokens.added(token) or "") is not None

    def _without_channels(self, ends: frozenset[int]) -> frozenset[int]:
        """Where messages have channels, the end of one message is not that of the reply."""
        places = {mark: token for token, mark in self._marks.items()}
        for one in vocabulary.thinking().channels:
            if {one.name, one.message} <= places.keys():
                ends = ends - {places[mark] for mark in one.closes if mark in places}
                ends |= {places[mark] for mark in one.ends if mark in places}
        return ends
