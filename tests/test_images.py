"""Images in prompts: how they may be written, what is refused, and the same tokens as transformers alone."""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image as Pillow

import modelcatalog as mc
import visionzoo
import zoo
from modelcatalog.chat import asking, saving, showing
from modelcatalog.cli import main
from modelcatalog.engines import Image, Message, images
from modelcatalog.engines.openai.request import Dialect, body
from modelcatalog.engines.prompts.rendering import Forms
from modelcatalog.engines.prompts.templates import Renderer
from modelcatalog.engines.taking import sibling
from modelcatalog.engines.transformers import seam
from modelcatalog.planning import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = ("qwen2_5_vl", "gemma3", "llava", "idefics3")
"""Those whose processors need no torchvision."""


def png(image: Any = None, **how: Any) -> bytes:
    """A picture as the bytes of a file."""
    out = io.BytesIO()
    (visionzoo.picture() if image is None else image).save(out, format="PNG", **how)
    return out.getvalue()


def shown(image: Any, text: str = "What is this?") -> list[dict[str, Any]]:
    """A content: an image, and a question."""
    return [{"type": "image", "image": image}, {"type": "text", "text": text}]


def asked(image: Any, text: str = "What is this?") -> list[dict[str, Any]]:
    """A conversation that asks about an image."""
    return [{"role": "user", "content": shown(image, text)}]


# How images are written ----------------------------------------------------------------------


def _ways(data: bytes, path: Path) -> list[dict[str, Any]]:
    text = base64.b64encode(data).decode()
    url = f"data:image/png;base64,{text}"
    return [
        {"type": "image", "path": str(path)}, {"type": "image", "path": path}, {"type": "image", "image": path}, {"type": "image", "image": str(path)},
        {"type": "image", "image": path.as_uri()}, {"type": "image", "url": url}, {"type": "image", "image": url}, {"type": "image", "base64": text},
        {"type": "image", "image": data}, {"type": "image_url", "image_url": {"url": url}}, {"type": "image_url", "image_url": url},
        {"type": "input_image", "image_url": url}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": text}},
    ]  # fmt: skip


def test_every_way_of_writing_an_image_means_the_same(tmp_path: Path) -> None:
    """Paths, bytes, data URLs and base64, in the words of transformers, OpenAI and Anthropic, are one and the same part of a message."""
    path = tmp_path / "a picture.png"
    path.write_bytes(png())
    found = {asking.messages([{"role": "user", "content": ["see ", way]}])[0] for way in _ways(png(), path)}
    assert len(found) == 1
    (message,) = found
    assert message.content == "see "
    assert message.parts is not None
    assert message.parts[0] == "see "
    assert images.of([message])[0].data == png()
    assert repr(message) == "Message(role='user', content='see ')"


def test_a_pillow_image_is_kept_as_it_was() -> None:
    """What becomes of an image after it was given changes no history, and its pixels are the same."""
    given = visionzoo.picture()
    before = given.copy()
    (message,) = asking.messages(asked(given))
    given.paste((0, 0, 0), (0, 0, 70, 50))
    assert images.of([message])[0].opened().tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"type": "image"}, "has no image"),
        ({"type": "image", "path": "/nowhere/cat.png"}, "cannot be read: No such file"),
        ({"type": "image", "url": "./cat.png"}, "an address begins with https:, http: or data:"),
        ({"type": "image", "url": "file:///etc/passwd"}, "an address begins with https:, http: or data:"),
        ({"type": "image", "image": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}, "is not an image: the file begins with"),
        ({"type": "image", "image": b""}, "the file is empty"),
        ({"type": "image", "image": 7}, "is of type int"),
        ({"type": "image", "path": "a.png", "url": "https://example.com/a.png"}, "path and url"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,@@@"}}, "is not base64"),
        ({"type": "image_url", "image_url": {"url": "data:image/png"}}, "has no comma"),
        ({"type": "video", "path": "a.mp4"}, "has a part of type 'video'"),
    ],
)
def test_what_is_no_image_is_said_before_anything_is_asked(part: dict[str, Any], said: str) -> None:
    """Each kind of mistake is named, with the message that it stands in."""
    with pytest.raises(mc.Unsupported, match=said):
        asking.messages([{"role": "user", "content": [part]}])


def test_a_file_that_cannot_be_opened_is_said() -> None:
    """A torn file, and one that claims more pixels than anybody has, are refused when they are opened."""
    with pytest.raises(mc.Unsupported, match="cannot be read"):
        images.from_bytes(png()[:200], "here").opened()
    small = bytearray(png(Pillow.new("1", (1, 1))))
    small[16:24] = (60_000).to_bytes(4) * 2  # the size in the header of a PNG
    small[29:33] = __import__("zlib").crc32(bytes(small[12:29])).to_bytes(4)
    with pytest.raises(mc.Unsupported, match="too many pixels"):
        images.from_bytes(bytes(small), "here").opened()


def test_an_image_is_seen_as_people_see_it() -> None:
    """A camera's note on which side is up is followed, and what is transparent is white."""
    wide = visionzoo.picture(size=(40, 20))
    turned = wide.getexif()
    turned[0x0112] = 6
    file = io.BytesIO()
    wide.save(file, format="JPEG", exif=turned)
    assert images.from_bytes(file.getvalue(), "here").opened().size == (20, 40)
    assert images.of(asking.messages(asked(Pillow.open(file))))[0].opened().size == (20, 40)
    clear = Pillow.new("RGBA", (2, 2), (0, 0, 0, 0))
    assert images.from_bytes(png(clear), "here").opened().getpixel((0, 0)) == (255, 255, 255)
    moving = io.BytesIO()
    wide.save(moving, format="GIF", save_all=True, append_images=[visionzoo.picture(3, (40, 20))])
    with pytest.warns(UserWarning, match="has 2 frames, and the first is read"):
        images.from_bytes(moving.getvalue(), "here").opened()


@pytest.fixture
def address() -> Iterator[str]:
    """A server that has one picture, and counts nothing else."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/cat.png"
            data = png() if found else b"<html>no such cat</html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_address_is_asked_only_where_the_caller_says_so(address: str) -> None:
    """By itself nothing is fetched; where it is allowed, the file must be an image; a server is told the address."""
    given = asking.messages([{"role": "user", "content": [{"type": "image", "url": f"{address}/cat.png"}]}])
    with pytest.raises(mc.Unsupported, match="no address is asked unless you say so") as error:
        showing.fetched(given, image_urls=False, audio_urls=True, whole=True)
    assert error.value.hint is not None
    assert "image_urls=True" in error.value.hint
    assert images.of(showing.fetched(given, image_urls=True, audio_urls=False, whole=True))[0].data == png()
    assert showing.fetched(given, image_urls=True, audio_urls=False, whole=False) == given
    wrong = asking.messages([{"role": "user", "content": [{"type": "image", "url": f"{address}/dog.png"}]}])
    with pytest.raises(mc.Unsupported, match="the file begins with"):
        showing.fetched(wrong, image_urls=True, audio_urls=False, whole=True)


def test_a_conversation_with_images_is_saved(tmp_path: Path) -> None:
    """Images are saved with the messages, and come back as they were."""
    turns = asking.messages(asked(visionzoo.picture()))
    saving.write(tmp_path / "session.json", "acme", {}, turns)
    assert saving.read(tmp_path / "session.json").messages == turns


def test_a_server_gets_images_in_its_own_words() -> None:
    """Text stays text; an image goes as a data URL, with the detail that was asked for."""
    turns = asking.messages(
        [
            {"role": "system", "content": "Be short."},
            {
                "role": "user",
                "content": [{"type": "image_url", "image_url": {"url": f"data:;base64,{base64.b64encode(png()).decode()}", "detail": "low"}}, "?"],
            },
        ]
    )
    sent = body(turns, mc.engines.Options(), "m", Dialect(newest=False, vendor=False))["messages"]
    assert sent[0] == {"role": "system", "content": "Be short."}
    picture, text = sent[1]["content"]
    assert picture["image_url"]["detail"] == "low"
    assert picture["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(png()).decode()
    assert text == {"type": "text", "text": "?"}


# Templates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template",
    [zoo.TEMPLATE, "{% for m in messages %}{% for p in m['content'] %}{{ p['text'] if p['type'] == 'text' }}{% endfor %}{% endfor %}"],
)
def test_a_template_without_a_place_for_images_is_said(template: str) -> None:
    """One that cannot join a list to a text, and one that passes over what is not text."""
    renderer = Renderer("acme")
    turns = asking.messages(asked(visionzoo.picture()))
    with pytest.raises(mc.Unsupported, match=r"has no place for images|refused these messages"):
        Forms(renderer, "acme").render(template, turns, {})
    renderer.close()


def test_a_template_may_call_an_image_as_openai_does() -> None:
    """Both names of a part are tried, and the text around an image stays where it was."""
    part = "{{ '[PIC]' if p['type'] == 'image_url' else p['text'] if p['type'] == 'text' }}"
    template = "{% for m in messages %}{% for p in m['content'] %}" + part + "{% endfor %}{% endfor %}"
    renderer = Renderer("acme")
    content = ["left ", {"type": "image", "image": png()}, " right ", {"type": "image", "image": png()}]
    made = Forms(renderer, "acme").render(template, asking.messages([{"role": "user", "content": content}]), {})
    renderer.close()
    assert made.text == "left [PIC] right [PIC]"


# Models --------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=KINDS)
def seeing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, mc.ChatModel]]:
    """A small model of each family, loaded as users load it."""
    folder = visionzoo.write(request.param, tmp_path_factory.mktemp("seeing") / f"acme-{request.param}")
    with pytest.warns(UserWarning, match="reads the whole conversation again"):
        model = mc.load(str(folder))
    with model:
        yield folder, model


AUTO = "AutoModelForImageTextToText"


def expected(folder: Path, messages: list[dict[str, Any]], count: int = 12) -> str:
    """What transformers alone answers."""
    return visionzoo.answered(folder, AUTO, messages, count)


GREEDY: dict[str, Any] = {"temperature": 0, "max_new_tokens": 12}


def test_the_same_tokens_as_transformers_alone(seeing: tuple[Path, mc.ChatModel]) -> None:
    """One image, two, an image between texts, also where these would else be one word, and behind a system prompt."""
    folder, model = seeing
    one, two = visionzoo.picture(1), visionzoo.picture(2, (48, 90))
    both = [{"role": "user", "content": [*shown(one, "first, "), *shown(two, "second?")]}]
    close = [{"role": "user", "content": [{"type": "text", "text": "图一"}, *shown(one, "first"), *shown(two, "second")]}]
    for messages in (asked(one), asked(two), both, close):
        assert model.chat(messages, **GREEDY).text == expected(folder, messages)
    system = [{"role": "system", "content": [{"type": "text", "text": "Be brief."}]}]
    assert model.chat(asked(one), system="Be brief.", **GREEDY).text == expected(folder, system + asked(one))


def test_an_image_changes_what_the_model_reads(seeing: tuple[Path, mc.ChatModel]) -> None:
    """Other pixels are other inputs of the model, and text alone has none."""
    _, model = seeing
    ask = model._engine._ask  # type: ignore[attr-defined]
    options = mc.engines.Options()
    first, second = (ask(asking.messages(asked(visionzoo.picture(seed))), options).row.inputs["pixel_values"] for seed in (1, 2))
    assert first.shape == second.shape
    assert not first.equal(second)
    assert ask(asking.messages("hello"), options).row.inputs == {}


def test_a_stream_a_batch_and_a_session_say_the_same(seeing: tuple[Path, mc.ChatModel]) -> None:
    """Pieces of a stream are the reply; a batch keeps its order and its errors; a session remembers the image."""
    folder, model = seeing
    one, two = asked(visionzoo.picture(1)), asked(visionzoo.picture(2))
    wanted = [expected(folder, one), expected(folder, two)]
    assert "".join(model.stream(one, **GREEDY)) == wanted[0]
    text, broken = [{"role": "user", "content": "hello"}], asked(png()[:120])
    replies = list(model.batch([one, text, broken, two], **GREEDY))
    assert [reply.text for reply in replies if reply.error is None] == [wanted[0], expected(folder, text), wanted[1]]
    assert isinstance(replies[2].error, mc.Unsupported)
    session = model.session(**GREEDY)
    first = session.chat(shown(visionzoo.picture(1))).text
    assert first == wanted[0]
    history: list[dict[str, Any]] = [*one, {"role": "assistant", "content": [{"type": "text", "text": first}]}]
    history += [{"role": "user", "content": [{"type": "text", "text": "And its colour?"}]}]
    assert session.chat("And its colour?").text == expected(folder, history)
    assert [message.parts is None for message in session.messages] == [False, True, True, True]


def test_replies_that_are_made_at_once_do_not_mix(seeing: tuple[Path, mc.ChatModel]) -> None:
    """A token of each in turn: what a model keeps of one prompt's images does not reach another's, and not a text's kept cache."""
    folder, model = seeing
    prompts = [asked(visionzoo.picture(1)), asked(visionzoo.picture(2, (160, 40))), [{"role": "user", "content": "hello"}]]
    wanted = [expected(folder, prompt) for prompt in prompts]
    streams = [model.stream(prompt, **GREEDY) for prompt in prompts]
    made = ["", "", ""]
    for _ in range(40):
        for place, stream in enumerate(streams):
            made[place] += next(stream, "")
    assert made == wanted
    session = model.session(**GREEDY)
    first = session.chat("hello").text
    model.chat(prompts[1], **GREEDY)
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": first}, {"role": "user", "content": "again"}]
    assert session.chat("again").text == expected(folder, history)


def test_the_mark_of_an_image_in_a_text_is_no_image(seeing: tuple[Path, mc.ChatModel]) -> None:
    """It would shift the images, or end in a failure deep in the model."""
    _, model = seeing
    _, processor = visionzoo.bare(seeing[0], AUTO)
    with pytest.raises(mc.Unsupported, match="knows the place of an image"):
        model.chat(asked(visionzoo.picture(), f"what is {processor.image_token}?"), **GREEDY)


def test_a_detail_is_for_servers(seeing: tuple[Path, mc.ChatModel]) -> None:
    """What changes nothing here is not passed over in silence."""
    part = {"type": "image_url", "image_url": {"url": f"data:;base64,{base64.b64encode(png()).decode()}", "detail": "low"}}
    with pytest.raises(mc.Unsupported, match="detail='low' is for servers"):
        seeing[1].chat([{"role": "user", "content": [part]}], **GREEDY)


def test_a_model_without_eyes_says_which_has_them(tmp_path: Path) -> None:
    """An image is refused before a token is made, and text is answered as before."""
    folder = zoo.write("llama", tmp_path / "acme-blind")
    with mc.load(str(folder)) as model:
        with pytest.raises(mc.Unsupported, match="takes no images"):
            model.chat(asked(visionzoo.picture()), **GREEDY)
        replies = list(model.batch([asked(visionzoo.picture()), "hello"], **GREEDY))
        assert isinstance(replies[0].error, mc.Unsupported)
        assert replies[1].error is None
    for name, other in (("Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-VL-7B-Instruct"), ("Llama-3.2-3B-Instruct", "meta-llama/Llama-3.2-11B-Vision-Instruct")):
        assert sibling(name, Image) == other
    assert sibling("xyzzy-7b", Image) is None


def test_a_checkpoint_without_its_processor_is_said(tmp_path: Path) -> None:
    """Text is answered; with an image, the error names the files that are not there."""
    folder = visionzoo.write("llava", tmp_path / "acme-llava")
    (folder / "processor_config.json").unlink()
    with pytest.warns(UserWarning, match="reads the whole conversation again"):
        model = mc.load(str(folder))
    with model:
        assert model.chat("hello", **GREEDY).error is None
        with pytest.raises(mc.ModelCatalogError, match="processor") as error:
            model.chat(asked(visionzoo.picture()), **GREEDY)
    assert "preprocessor_config.json" in str(error.value)


def test_a_model_that_wants_an_image(tmp_path: Path) -> None:
    """BLIP-2's `generate` does nothing without pixels, which is said before a token is made."""
    folder = visionzoo.write("blip-2", tmp_path / "acme-blip")
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder))
    with model, pytest.raises(mc.Unsupported, match="answers no text alone: its generate wants pixel_values"):
        model.chat("hello", **GREEDY)


def test_a_model_that_looks_across_at_its_images(tmp_path: Path) -> None:
    """Llama 3.2 Vision's steps are told what `generate` tells them, and its replies are those of transformers alone."""
    folder = visionzoo.write("mllama", tmp_path / "acme-mllama")
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder), engine_options={"images": True})
    with model:
        for messages in (asked(visionzoo.picture(1)), asked(visionzoo.picture(2, (48, 90))), [{"role": "user", "content": "hello"}]):
            assert model.chat(messages, **GREEDY).text == expected(folder, messages)


def test_a_model_that_was_loaded_without_its_vision_says_how_to_load_it_whole(tmp_path: Path) -> None:
    """Text goes the faster way; with the option, the images are read as transformers alone reads them."""
    folder = visionzoo.write("qwen3_5", tmp_path / "acme-hybrid")
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder))
    with model:
        with pytest.raises(mc.Unsupported, match="as its language model alone") as error:
            model.chat(asked(visionzoo.picture(1)), **GREEDY)
        assert "engine_options" in (error.value.hint or "")
        text = model.chat("hello", **GREEDY).text
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder), engine_options={"images": True})
    with model:
        assert model.chat("hello", **GREEDY).text == text
        assert model.chat(asked(visionzoo.picture(1)), **GREEDY).text == expected(folder, asked(visionzoo.picture(1)))
    blind = zoo.write("llama", tmp_path / "acme-blind")
    with pytest.raises(mc.Unsupported, match="takes text alone"):
        mc.load(str(blind), engine_options={"images": True})
    with pytest.raises(mc.Unsupported, match="is not True or False"):
        mc.load(str(folder), engine_options={"images": "yes"})


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_command_line_shows_images_with_the_first_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A conversation on standard input: the first line has the image, the second is text; a wrong file ends it before anything is loaded."""
    folder = visionzoo.write("llava", tmp_path / "acme-llava")
    (tmp_path / "cat.png").write_bytes(png(visionzoo.picture(1)))
    (tmp_path / "cat.txt").write_text("no cat")

    def chat(image: str, typed: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["modelcatalog", "chat", str(folder), "--json", "--max-new-tokens", "4", "--image", str(tmp_path / image)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8"))
        with suppress(SystemExit):
            main()
        return capfd.readouterr()

    first, second = (json.loads(one) for one in chat("cat.png", "What is this?\nAnd?\n")[0].splitlines())
    assert first["usage"]["prompt_tokens"] > second["usage"]["prompt_tokens"] / 2 > 20
    out, err = chat("cat.txt", "")
    assert out == ""
    assert "the image in --image is not an image" in err


def test_a_processor_that_needs_torchvision_says_so(tmp_path: Path) -> None:
    """With the first image only; where it is installed, the model answers as transformers alone does."""
    folder = visionzoo.write("mistral3", tmp_path / "acme-mistral")
    with pytest.warns(UserWarning, match="generate makes the tokens"):
        model = mc.load(str(folder))
    with model:
        assert model.chat("hello", **GREEDY).error is None
        if find_spec("torchvision") is not None:
            assert model.chat(asked(visionzoo.picture(1)), **GREEDY).text == expected(folder, asked(visionzoo.picture(1)))
            return
        place = installed.folder()
        if place is not None and (place / "models/pixtral/image_processing_pixtral_fast.py").is_file():
            pytest.skip("5.3 has a processor that does without, and makes other pieces of an image than the made model's")
        with pytest.raises(mc.MissingPackage) as error:
            model.chat(asked(visionzoo.picture()), **GREEDY)
    assert error.value.install == "pip install torchvision"


def test_missing_pillow_is_said_with_an_image_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes can be sent to a server without it; to open them it is needed, and the error says how to get it."""
    (message,) = asking.messages(asked(png()))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(mc.MissingPackage) as error:
        images.of([message])[0].opened()
    assert error.value.install == "pip install pillow"


def test_an_image_is_a_part_of_its_own() -> None:
    """A message may be made of the records themselves, as sessions do to ask again."""
    image = images.from_bytes(png(), "here")
    assert asking.turn(["what? ", image]) == (Message(role="user", content="what? ", parts=("what? ", image)),)
    assert Image(url="https://example.com/a.png").remote


def test_what_a_model_keeps_of_a_reply_stays_with_that_reply() -> None:
    """Two replies in turn on one model: each finds what it left, and a new one finds nothing."""
    from torch import nn

    part = nn.Linear(1, 1)
    part.rope_deltas = "of an earlier reply"
    model = nn.Sequential(part)
    first, second = seam.ReplyState(model), seam.ReplyState(model)
    with first:
        assert part.rope_deltas is None
        part.rope_deltas = "first"
    with second:
        assert part.rope_deltas is None
        part.rope_deltas = "second"
    with first:
        assert part.rope_deltas == "first"
