"""Texts, numbers and names: what holds them, joins them, changes them, shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.loras import without_tags
from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Nothing, Of, table
from lib_bootcamp.core.png_info.readers.comfy.rules.text_rules import Drawn, Join, Shown, Text

UNKNOWN = Nothing(None)


def _replaced(texts: Mapping[str, str]) -> str | None:
    """`find` by `replace`, and the numbered pairs of them."""
    made = texts.get("string", texts.get("text", texts.get("prompt", texts.get("text_a", ""))))
    for find, by in (("find", "replace"), *((f"find{n}", f"replace{n}") for n in (1, 2, 3))):
        if texts.get(find):
            made = made.replace(texts[find].replace("\\n", "\n"), texts.get(by, "").replace("\\n", "\n"))
            if len(made) > 1_000_000:
                return None
    return made


def _trimmed(texts: Mapping[str, str]) -> str:
    mode, text = texts.get("mode", "Both"), texts.get("string", "")
    return text.lstrip() if mode == "Left" else text.rstrip() if mode == "Right" else text.strip()


def _cased(texts: Mapping[str, str]) -> str | None:
    text = texts.get("string", "")
    modes = {"UPPERCASE": text.upper, "lowercase": text.lower, "Capitalize": text.capitalize, "Title Case": text.title}
    work = modes.get(texts.get("mode", ""))
    return work() if work else None


def _pysssss(texts: Mapping[str, str]) -> str | None:
    """Source: `string_function.py` of Custom Scripts; a regular expression is not run."""
    a, b, c = (texts.get(f"text_{name}", "") for name in "abc")
    tidy = texts.get("tidy_tags") == "yes"
    if texts.get("action") == "append":
        made = (", " if tidy else "").join(each for each in (a, b, c) if each)
    elif len(b) > 1 and b.startswith("/") and b.endswith("/"):
        return None
    else:
        made = a.replace(b, c) if b else a
    if tidy:
        made = ",".join(part for part in " ".join(made.split()).replace(" ,", ",").split(",") if part).strip()
    return made


def _lines(texts: Mapping[str, str]) -> str | None:
    """One of several lines, by its number; a line that is drawn is not known."""
    lines = texts.get("strings", texts.get("text", "")).split("\n")
    select = texts.get("select", "")
    if texts.get("multiline", "False") != "False" or not select.isdecimal() or len(select) > 9:
        return None
    return lines[int(select) % len(lines)]


def _formed(texts: Mapping[str, str]) -> str | None:
    """`prefix` and `suffix` around a text."""
    text = texts.get("string", texts.get("text", texts.get("input", "")))
    return texts.get("prefix", "") + text + texts.get("suffix", "")


HELD = Of(
    "value|string|text|String|Text|prompt|int|float|boolean|number|bool|seed|Number|Value|INT|FLOAT|STRING|integer|num|"
    "Integer|Float|int_|_int|float_|_float"
)
NODES: dict[str, Any] = table(
    {
        (
            "PrimitiveNode; PrimitiveString; PrimitiveStringMultiline; PrimitiveInt; PrimitiveFloat; "
            "PrimitiveBoolean; INTConstant; FloatConstant; BOOLConstant; StringConstant; StringConstantMultiline; "
            "ImpactInt; ImpactFloat; ImpactBoolean; ImpactString; ImpactValueReceiver; ImpactValueSender; easy int; "
            "easy float; easy string; easy boolean; Seed (rgthree); easy seed; CR Seed; CR Text; CR Multiline Text; "
            "CR Prompt Text; CR Value; ttN text; ttN int; ttN float; ttN seed; Seed; Constant Number; Number to Int; "
            "Number to Float; Number to Seed; Number to String; Number to Text; Text Multiline; "
            "Text Multiline (Code Compatible); Text to String; Text to Number; String to Text; Text to Console; Int; "
            "Float; String; Text; Integer; Int Literal; Float Literal; String Literal; Int Literal (Image Saver); "
            "Float Literal (Image Saver); String Literal (Image Saver); Cfg Literal; Cfg Literal (Image Saver); "
            "Seed Generator; Seed Generator (Image Saver); Width/Height Literal; Width/Height Literal (Image Saver); "
            "Primitive string [Crystools]; Primitive string multiline [Crystools]; Primitive integer [Crystools]; "
            "Primitive float [Crystools]; Primitive boolean [Crystools]; JWInteger; JWString; JWFloat; "
            "JWStringMultiline; DF_Integer; DF_Float; DF_Text; DF_Text_Box; SimpleText; SimpleMathInt+; "
            "SimpleMathFloat+; SimpleMathBoolean+; Simple String; Multiline Text; Textbox; Text Box; PromptBox; "
            "CR Integer To String; CR Float To Integer; CR Float To String; CR Seed to Int; KepStringLiteral; "
            "Power Primitive (rgthree); MultilineStringNode; MultiLineTextNode; SeedNode; Logic Boolean; "
            "Logic Boolean Primitive; GlobalSeed //Inspire; BetterString; Text Prompt (JPS); "
            "ReroutePrimitive|pysssss; MultiPrimitive; Text box; Textarea; LF_String; StringNode; "
            "ShellAgentPluginInputText; ComfyUIDeployExternalText; StringInput; IntInput; FloatInput"
        ): HELD,
        "CustomCombo": (Of("choice"), Of("index")),
        "ComfyNumberConvert": Of("value"),
        "Text String": (Of("text"), Of("text_b"), Of("text_c"), Of("text_d")),
        "easy positive": Of("positive"),
        "easy negative": Of("negative"),
        "Sampler Selector; Sampler Selector (Image Saver); SamplerNameNode": (Of("sampler_name"), Of("sampler_name")),
        (
            "Scheduler Selector; Scheduler Selector (Image Saver); SchedulerNode; "
            "Scheduler Selector (Comfy) (Image Saver)"
        ): Of("scheduler"),
        (
            "Checkpoint Selector; easy ckptNames; Checkpoint Name Selector; CheckpointNameSelector; "
            "DiffusionModelSelector; easy loraNames; UNET Selector"
        ): Of("ckpt_name|model_name|lora_name|unet_name"),
        (
            "Reroute; Reroute (rgthree); ImpactControlBridge; easy cleanGpuUsed; easy clearCacheAll; "
            "PlaySound|pysssss; SystemNotification|pysssss; ImpactQueueTrigger; easy blocker; DummyOut; GetNode; "
            "SetNode; easy setNode; easy getNode; Repeater|pysssss; LayerUtility: PurgeVRAM; ImpactSleep; "
            "FreeMemoryAny"
        ): Of("|value|anything|any|signal|any_input|input|source|in|*|signal_opt|anything_1"),
        "StringConcatenate": Join("string_a|string_b", "@delimiter"),
        "JoinStrings": Join("string1|string2", "@delimiter"),
        "JoinStringMulti": Join("string_*", "@delimiter"),
        "Text Concatenate": Join("text_a|text_b|text_c|text_d", "@delimiter", skip_empty=True, strip=True),
        "Text List to Text": Join("text_list", "@delimiter"),
        "Text List": Join("text_a|text_b|text_c|text_d|text_e|text_f|text_g", "\n", skip_empty=True),
        "CR Text Concatenate": Join("text1|text2", "@separator"),
        "CR Combine Prompt": Join("part*", "@separator"),
        "easy promptConcat": Join("prompt1|prompt2", "@separator"),
        "easy promptList": (Join("prompt_*", "\n", skip_empty=True),) * 2,
        "ttN concat": Join("text1|text2|text3", "@delimiter"),
        "ttN text3BOX_3WAYconcat": (
            Of("text1"),
            Of("text2"),
            Of("text3"),
            Join("text1|text2", "@delimiter"),
            Join("text1|text3", "@delimiter"),
            Join("text2|text3", "@delimiter"),
            Join("text*", "@delimiter"),
        ),
        "ttN text7BOX_concat": (*(Of(f"text{n}") for n in range(1, 8)), Join("text*", "@delimiter", skip_empty=True)),
        "StringListToString": Join("string_list", "@join_with"),
        "String Concatenate": Join("string_a|string_b|string1|string2", "@delimiter|separator"),
        "ConcatText; ConcatTextOfUtils": Join(
            "text_1|text_2|text_3|text_4|text1|text2", "@separator|delimiter", skip_empty=True
        ),
        "CombineText; CombineStrings": Join("text1|text2|text_1|text_2|string1|string2", "@separator|delimiter"),
        "JWStringConcat; JWStringConcatenate": Join("a|b"),
        "TextConcatenate; ConcatStringSingle": Join(
            "string_a|string_b|text_a|text_b|text1|text2", "@delimiter|separator"
        ),
        "StringReplace": Text(_replaced, "string|find|replace"),
        "StringTrim": Text(_trimmed, "string|mode"),
        "CaseConverter": Text(_cased, "string|mode"),
        "StringFunction|pysssss": Text(_pysssss, "action|tidy_tags|text_a|text_b|text_c"),
        "Text Find and Replace; Text Find and Replace Input": (
            Text(_replaced, "text|find|replace"),
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
        ),
        "CR Text Replace": (Text(_replaced, "text|find1|replace1|find2|replace2|find3|replace3"), UNKNOWN),
        "easy promptReplace": Text(_replaced, "prompt|find1|replace1|find2|replace2|find3|replace3"),
        "ImpactStringSelector; StringSelector": Text(_lines, "strings|select|multiline"),
        "SomethingToString": Text(_formed, "input|prefix|suffix"),
        "Text Parse A1111 Embeddings; Text Parse Tokens": Of("text"),
        (
            "RegexReplace; RegexExtract; StringSubstring; RegexMatch; Text Shuffle; Text Sort; Text String Truncate; "
            "Text Find and Replace by Dictionary; Text Random Prompt; Text Load Line From File; Load Text File; "
            "BLIP Analyze Image; WD14Tagger|pysssss; Florence2Run; easy imageInterrogator; easy joyCaption2API; "
            "OllamaGenerate; OllamaGenerateAdvance; OpenAIChatNode; GeminiNode; MathExpression|pysssss; SimpleMath+; "
            "LoadText|pysssss; Evaluate Strings; Evaluate Integers; Evaluate Floats; SimpleMathCondition+; "
            "easy mathInt; easy mathFloat; CLIPInterrogator; DeepTranslatorTextNode; GoogleTranslateTextNode; "
            "ArgosTranslateTextNode; TextGenerate; CR Text List; CR Prompt List; Random Number; Number Operation; "
            "LayerUtility: JoyCaption2; easy portraitMaster"
        ): UNKNOWN,
        (
            "DPRandomGenerator; DPCombinatorial; DPJinja; DPMagicPrompt; DPFeelingLucky; Text Random Line; "
            "Text Parse Noodle Soup Prompts; CLIPTextEncodeWildcards; MikeyWildcards; easy wildcardsMatrix"
        ): Drawn("text|populated_text"),
        "ImpactWildcardProcessor": Of("populated_text|wildcard_text"),
        "easy wildcards": (Of("populated_text|text"), Of("populated_text|text")),
        "Wildcard Processor": Drawn("text|wildcard_text"),
        "SDXLPromptStyler; MilehighStyler; easy stylesSelector; SDXLPromptStylerAll; SDXLPromptStylerHorror": (
            Of("text_positive|positive|positive_prompt", "text", "+"),
            Of("text_negative|negative|negative_prompt", "text", "-"),
        ),
        "SDXLPromptStylerAdvanced": (
            Of("text_positive_g"),
            Of("text_positive_l"),
            Of("text_positive_g|text_positive_l"),
            Of("text_negative"),
            Of("text_negative"),
            Of("text_negative"),
        ),
        "CR SDXL Prompt Mixer": (
            Of("prompt_positive"),
            Of("style_positive"),
            Of("prompt_positive"),
            Of("prompt_negative"),
            Of("style_negative"),
            Of("prompt_negative"),
        ),
        "CR SDXL Prompt Mix Presets": (
            Of("prompt_positive"),
            Of("style_positive"),
            Of("prompt_positive"),
            Of("prompt_negative"),
            Of("style_negative"),
            Of("prompt_negative"),
            UNKNOWN,
        ),
    }
)
SHOWING = frozenset(
    {
        "ShowText|pysssss",
        "easy showAnything",
        "ShowAnything",
        "PreviewAny",
        "Display Any (rgthree)",
        "DisplayAny",
        "ShowText",
        "ttN textDebug",
        "ttN textOutput",
        "ShowTextForGPT",
        "DisplayText",
        "Show Text",
        "Text Display",
        "PreviewText",
        "ShowStringText",
        "Display Text",
        "ImpactDisplayText",
        "easy showAnythingLazy",
        "Show any [Crystools]",
        "Show any to JSON [Crystools]",
        "TextPreview",
        "PreviewTextNode",
        "ShowText|LP",
        "DisplayString",
        "JoinStringsShow",
        "ViewText",
        "Text Preview",
        "DF_Text_Preview",
        "D2 Preview Text",
        "LayerUtility: ShowText",
        "Griptape Display: Text",
        "DisplayStringNode",
        "ShowTextPlus",
        "D_ShowText",
        "Show Text 🐍",
        "SaveText|pysssss",
    }
)
NODES |= dict.fromkeys(SHOWING, Shown("text|anything|source|input|any_value|any|string|value|INPUT"))
LoraTags = Text(
    lambda texts: without_tags(texts.get("text", texts.get("prompt", texts.get("populated_text", "")))),
    "text|prompt|populated_text",
)
