"""Owns the Chinese of every help text, under its English, which stands where the command or option does. Knows the shape of a command only.

A test holds both sets the same: no help without its Chinese, none left over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CHINESE", "COMMANDS", "EPILOG", "texts", "translate"]

EPILOG = (
    "Exit codes: 0; 2 if what you typed is wrong; 1 if something else failed; 130 after Ctrl-C. "
    "NO_COLOR turns colours off; a Chinese locale turns messages and help Chinese."
)
COMMANDS = {
    "parse": "解析名称：公司、系列、版本、规模、类型、量化等等。",
    "explain": "把名称拆开来看：每一段是什么，每一项信息从哪里来，以及关于这个模型已知什么。",
    "group": "把指同一个模型的名称放在一起，并列出谁在提供它。",
    "compare": "并排比较两个名称：哪些不同，是不是同一个模型，哪个较新。",
    "resolve": "权重应该在哪个仓库（只查目录，不联网）。",
    "plan": "说明加载会做什么：从哪里来、哪些文件、用什么类型、装不装得下。什么也不加载。",
    "lock": "按哈希值记下名称现在指的文件：`load(NAME, lock=FILE)` 只接受同样的字节，否则失败。",
    "pull": "取来模型的文件并校验，不加载；输出所在位置。中断后再运行一次，从停下的地方继续。",
    "local": "列出这块磁盘上各个程序存放的模型；什么也不删除。",
    "chat": ("加载模型并对话，记得上文。\n\nCtrl-C 中断回复，不退出程序；输入 exit、quit、退出 或结束输入即可退出。回复写到标准输出，其余写到标准错误。"),
    "update": (
        "取来别人维护得好的数据，用在软件包自带的数据之下：models.dev 的事实，以及各站点列出的仓库。\n\n"
        "除此之外什么也不会去取，也不发送任何内容。某个来源失败时，保留以前从它那里取来的；再运行一次，从停下的地方继续。"
    ),
    "catalog": "列出公司及其系列，或列出符合全部条件的模型。",
    "facts": "说明关于模型已知什么：上限、模态、能力、许可和日期；只问一个模型时，还说明出处。",
}
"""Command -> what it does."""
CHINESE = {
    "What a language model's name says, who has its weights, and a chat with them.": "语言模型的名称说了什么，谁有它的权重，以及与它对话。",
    EPILOG: "退出码：0；输入有误为 2；其他失败为 1；Ctrl-C 之后为 130。NO_COLOR 关闭颜色；中文区域设置下，消息和帮助都是中文。",
    "Print the version, and the days of the data.": "显示版本号，以及数据的日期。",
    "Only say what is new, and write nothing.": "只说明有什么新的，不写入。",
    "Ask this source only: models.dev or a hub; may be repeated.": "只问这个来源：models.dev 或某个站点；可以多次给出。",
    "Ask the hubs about this company's accounts only; may be repeated.": "只向各站点询问这家公司的账号；可以多次给出。",
    "Show this message and exit.": "显示本帮助并退出。",
    "Install completion for the current shell.": "为当前 shell 安装补全。",
    "Show completion for the current shell, to copy it or customize the installation.": "显示当前 shell 的补全脚本，供复制或自行安装。",
    "A name, a repository, a URL, or a path to a folder or GGUF file.": "名称、仓库、网址，或文件夹、GGUF 文件的路径。",
    "Names; - reads them from standard input, one per line.": "名称；- 表示从标准输入读取，每行一个。",
    "Read names from this file too, one per line.": "再从这个文件读取名称，每行一个。",
    "Put together only what is one model to the day and the size.": "只有日期和规模也相同的才放在一起。",
    "One JSON object per line.": "每行一个 JSON 对象。",
    "Let the model call the functions in this Python file, which have docstrings; asks before each call.": (
        "让模型调用这个 Python 文件里有文档字符串的函数；每次调用之前都会询问。"
    ),
    "Show replies as Markdown, or as the model wrote them; by default as the terminal can.": "把回复显示为 Markdown，或照模型所写；不写则视终端而定。",
    "Show all of the name and of the plan before the conversation.": "对话之前显示名称和计划的全部内容。",
    "One JSON reply per line; prompts, one per line, from standard input.": "每次回复一行 JSON；从标准输入逐行读取提问。",
    "The hub to take it from.": "从这个站点取。",
    "Only repositories on this hub; one on both is else shown once.": "只看这个站点上的仓库；不指定时，两个站点都有的只列一次。",
    "A lock file that the checkpoint must agree with.": "锁文件：检查点必须与它一致。",
    "Hand this on to the engine, by its own name; may be repeated.": "按引擎自己的名称交给引擎；可以多次给出。",
    "The engine to run it on.": "用这个引擎运行。",
    "Keep weights in RAM where the GPU is too small.": "显存不够时，让权重留在内存里。",
    "Put this LoRA adapter onto it: a repository, a folder, a GGUF file.": "把这个 LoRA 适配器加到模型上：仓库、文件夹或 GGUF 文件。",
    "A branch, a tag or a commit.": "分支、标签或提交。",
    "Where it runs: cpu, cuda, cuda:1, …": "在哪里运行：cpu、cuda、cuda:1 等。",
    "The data type to compute in.": "用什么数据类型计算。",
    "Reserve memory for a conversation of this many tokens.": "为多少个词元的对话预留内存。",
    "Plan for this machine: RTX 4090, 2x H100, M3 Max 64GB, 24GB.": "按这台机器来算：RTX 4090、2x H100、M3 Max 64GB、24GB。",
    "Reserve memory for this many conversations at once.": "为同时进行的多少个对话预留内存。",
    "The type of keys and values: fp8, q8_0, …": "键和值用什么类型：fp8、q8_0 等。",
    "Take the most precise variant that fits this machine.": "选这台机器装得下的、精度最高的变体。",
    "List the model's quantizations: bytes, which fit, how long a context, how fast.": "列出该模型的各种量化：大小、能否装下、上下文多长、速度多快。",
    "Draw memory at several contexts to this file.": "把几种上下文长度下的内存画成图，写到这个文件。",
    "Allow Python code from the repository to run: read it first.": "允许运行仓库里的 Python 代码：请先读过。",
    "Use a server that runs the model: http://HOST:PORT/v1.": "使用已载入该模型的服务器：http://HOST:PORT/v1。",
    "Use a server on this machine that has the model: auto, ollama, lmstudio, …": "使用本机上有该模型的服务器：auto、ollama、lmstudio 等。",
    "Refuse words that no rule recognises.": "有规则不认识的词就拒绝。",
    "Write the names as HTML, to put into a page.": "输出 HTML，可放进网页。",
    "Also show which case decided each word, and why.": "另外说明每个词由哪种情形决定，为什么。",
    "A name.": "一个名称。",
    "Another name.": "另一个名称。",
    "The variant to take: Q4_K_M, int4, …": "选哪个变体：Q4_K_M、int4 等。",
    "Where to write the lock file.": "锁文件写到哪里。",
    "A lock file, or a bill of materials (CycloneDX 1.6).": "锁文件，或物料清单（CycloneDX 1.6）。",
    "Answer this and exit, - all of standard input; without it, a conversation.": "回答这一句就结束，- 表示整个标准输入；不写则进入对话。",
    "The system prompt.": "系统提示词。",
    "The maximum number of tokens in a reply.": "一次回复最多多少个词元。",
    "Answer as JSON that matches the JSON Schema in this file.": "按这个文件里的 JSON Schema 以 JSON 回答。",
    "Show this image with the first prompt; may repeat.": "随第一个提问给出这张图；可以多次给出。",
    "Play this recording with the first prompt; may repeat.": "随第一个提问放出这段录音；可以多次给出。",
    "Go on with the conversation in this file.": "接着这个文件里的对话谈。",
    "Write the conversation to this file at the end.": "结束时把对话写到这个文件。",
    "Only this model, or what has this in its name.": "只看这个模型，或名称里含有这些字的。",
    "Only this program's: huggingface, ollama, lmstudio, …": "只看这个程序的：huggingface、ollama、lmstudio 等。",
    "Only what is there more than once, and how to remove it.": "只看重复的，以及如何删除。",
    "Only what is not whole, and how to remove it.": "只看不完整的，以及如何删除。",
    "Read copies of the same size, and compare their bytes.": "读取大小相同的副本，逐字节比较。",
    "Only say what would be fetched: the plan.": "只说明会取什么，即计划。",
    "A part of a repository's id, or of an API's.": "仓库名或接口模型名的一部分。",
    "A company, by any of its names.": "公司，用它的任何一个名字。",
    "A family: Qwen, Llama, …": "系列：Qwen、Llama 等。",
    "A type: instruct, Code, 对话, …": "类型：instruct、Code、对话 等。",
    "Whether the weights are published.": "权重是否公开。",
    "At least this many parameters: 500M, 3B, …": "参数量至少是多少：500M、3B 等。",
    "At most this many parameters.": "参数量至多是多少。",
    "At least this many tokens of context: 100k, 1m, …": "上下文至少多少个词元：100k、1m 等。",
    "What it reads: text, image, audio, video, file.": "能读什么：text、image、audio、video、file。",
    "What it writes: text, image, audio, video, embedding.": "能写出什么：text、image、audio、video、embedding。",
    "Its licence: apache-2.0, mit, …": "许可：apache-2.0、mit 等。",
    "Released then or later: 2025, 2025-06, …": "在此之后发布：2025、2025-06 等。",
    "Only what its vendor no longer serves, or only the rest.": "只看厂商已停止服务的，或只看其余的。",
}
"""English -> Chinese."""


def translate(app: Any) -> None:
    """Turn a command's help, and that of its subcommands, Chinese."""
    for command, parameters in _every(app):
        command.help = COMMANDS.get(command.name) or CHINESE.get(command.help, command.help)
        command.epilog = CHINESE.get(command.epilog, command.epilog)
        for parameter in parameters:
            parameter.help = CHINESE.get(parameter.help, parameter.help)


def texts(app: Any) -> set[str]:
    """Every help text of a command and its subcommands, but for what the subcommands do."""
    found = {app.help, app.epilog}
    for _, parameters in _every(app):
        found |= {parameter.help for parameter in parameters}
    return found


def _every(app: Any) -> Iterator[tuple[Any, list[Any]]]:
    """A command with its parameters, among them --help, which is made when it is first asked for; then its subcommands."""
    context = app.context_class(app, **app.context_settings)
    yield app, app.get_params(context)
    for command in app.commands.values():
        yield command, command.get_params(command.context_class(command, parent=context))
