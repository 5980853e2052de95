"""The sentences of each kind of finding in a data set, and how many pictures are usual."""

from __future__ import annotations

from dataclasses import dataclass

from .report import Level

AREAS = ("Files", "Sizes", "Sharpness", "Duplicates", "Captions", "Tags", "Balance", "Quantity")
ALL_WELL = {
    "Files": "Every file can be read.",
    "Sizes": "Every picture is large enough for its bucket, and little is cut off.",
    "Sharpness": "No picture is blurred.",
    "Duplicates": "No two pictures are alike.",
    "Captions": "Every picture has a caption of good length.",
    "Tags": "No tag is written in two ways.",
    "Balance": "The folders weigh about the same.",
    "Quantity": "",
}
QUANTITIES: dict[str, tuple[str, int, int, int]] = {
    # what it is called, too few, comfortable, from where quality counts for more than number
    "concept": ("a LoRA of one person, thing or character", 8, 15, 60),
    "style": ("a LoRA of a style", 20, 40, 200),
    "fine-tune": ("fine-tuning a whole checkpoint", 200, 1000, 100_000),
}


@dataclass(frozen=True)
class Rule:
    """One kind of finding.

    Args:
        area: where it stands.
        level: how bad it is.
        noun: what is counted.
        message: what follows the number; `{have}` and `{are}` follow it, other names are the caller's.
        advice: what to do.
    """

    area: str
    level: Level
    noun: str
    message: str
    advice: str


RULES: dict[str, Rule] = {
    "corrupt": Rule("Files", "fix", "file", "cannot be used", "Replace or remove them: trainers stop at such a file."),
    "unread": Rule("Files", "fix", "folder", "cannot be listed", "Give yourself the right to read them."),
    "turned": Rule(
        "Files",
        "fix",
        "picture",
        "{have} an EXIF orientation",
        "Save them upright: kohya's trainer does not read it and sees them lying on their side or mirrored.",
    ),
    "transparent": Rule(
        "Files",
        "review",
        "picture",
        "{have} transparent pixels",
        "Flatten them onto a background of your choice: trainers drop the alpha channel and train on what it hides.",
    ),
    "animated": Rule("Files", "review", "picture", "{have} several frames", "Only the first frame is trained."),
    "flat": Rule("Files", "review", "picture", "{have} one tone only", "Remove them, unless that is what you teach."),
    "outside": Rule("Files", "review", "link", "out of the folder {are} left out", "Copy the files into the folder."),
    "left-out": Rule("Files", "review", "file", "{are} left out here", "{why}"),
    "kohya-leaves-out": Rule("Files", "review", "picture", "{are} not trained by kohya's sd-scripts", "{why}"),
    "onetrainer-leaves-out": Rule("Files", "review", "picture", "{are} not trained by OneTrainer", "{why}"),
    "junk": Rule(
        "Files",
        "review",
        "file or folder",
        "of the system {are} among the pictures",
        "Remove them: OneTrainer takes such files for pictures and looks into such folders.",
    ),
    "too-small": Rule(
        "Sizes",
        "fix",
        "picture",
        "{have} a side under {side} px",
        "Find larger originals or leave them out; the marks of an upscaler are learned too.",
    ),
    "enlarged": Rule(
        "Sizes",
        "review",
        "picture",
        "would be enlarged to fill the bucket",
        "Train with bucket_no_upscale, at a lower resolution, or without them.",
    ),
    "cropped": Rule(
        "Sizes",
        "review",
        "picture",
        "would lose more than {share} of the area to the bucket",
        "Crop them yourself, so that what matters stays.",
    ),
    "lonely-buckets": Rule(
        "Sizes",
        "review",
        "bucket",
        "{have} one picture alone",
        "With a batch size over 1 such batches are not full: crop those pictures to a common ratio.",
    ),
    "blurred": Rule(
        "Sharpness",
        "review",
        "picture",
        "measured less sharp than {sharp}",
        "Look at them and remove the blurred ones, which teach blur; art with plain areas measures low, sharp or not.",
    ),
    "same": Rule(
        "Duplicates",
        "fix",
        "picture",
        "in {groups} {are} the same",
        "Keep one of each: a duplicate counts twice in training.",
    ),
    "near": Rule(
        "Duplicates",
        "review",
        "picture",
        "in {groups} {are} nearly the same",
        "Keep the largest or best of each, unless they differ in what matters.",
    ),
    "mirrored": Rule(
        "Duplicates",
        "review",
        "picture",
        "in {groups} {are} mirror images of each other",
        "Keep one of each and let the trainer flip, if left and right do not matter.",
    ),
    "clip": Rule(
        "Duplicates",
        "review",
        "picture",
        "in {groups} {are} nearly the same by CLIP",
        "Keep the best of each, unless they differ in what matters.",
    ),
    "no-captions": Rule(
        "Captions",
        "review",
        "picture",
        "{have} no caption, which is all of them",
        "Only the class in the folder's name would be learned: caption them, unless that is intended.",
    ),
    "missing": Rule(
        "Captions", "fix", "picture", "{have} no caption", "Write them, or the folder's class is taken for these."
    ),
    "no-bytes": Rule(
        "Captions",
        "fix",
        "caption file",
        "{have} no bytes",
        "kohya's trainer stops at such a file: write a caption into it, or remove it.",
    ),
    "blank": Rule(
        "Captions",
        "review",
        "caption file",
        "{are} blank",
        "No words are trained then, not even the folder's class: write a caption, or remove the file.",
    ),
    "blank-first-line": Rule(
        "Captions",
        "review",
        "caption file",
        "{have} a blank first line",
        "kohya's trainer takes that line for the caption, unless enable_wildcard is set: remove it.",
    ),
    "mark": Rule(
        "Captions",
        "review",
        "caption file",
        "{have} a byte order mark",
        "Save them as UTF-8 without it: trainers read it as part of the first word.",
    ),
    "unreadable": Rule(
        "Captions",
        "fix",
        "caption file",
        "cannot be read",
        "Save them as UTF-8 text: kohya's trainer and OneTrainer stop at others.",
    ),
    "contradictory": Rule(
        "Captions", "fix", "picture", "{have} captions that differ in two files", "Keep one; the first is taken."
    ),
    "shared": Rule(
        "Captions",
        "review",
        "picture",
        "share a caption file with another of the same name but for its ending",
        "Rename one of each.",
    ),
    "short": Rule(
        "Captions",
        "review",
        "caption",
        "{have} fewer than {words} words",
        "Describe what should stay changeable: what is not described is learned as part of the subject.",
    ),
    "long": Rule(
        "Captions",
        "review",
        "caption",
        "{have} more than {tokens} tokens",
        "What is beyond is cut off, unless the trainer's max_token_length is raised to 150 or 225.",
    ),
    "several-lines": Rule(
        "Captions",
        "review",
        "caption",
        "{have} several lines",
        "OneTrainer takes one of them each time, kohya's trainer too with enable_wildcard, else the first line alone.",
    ),
    "caption-ending": Rule(
        "Captions",
        "good",
        "caption",
        "{are} in .txt files",
        "kohya's sd-scripts look for .caption files: give them --caption_extension .txt, as their GUI does by itself.",
    ),
    "other-ending": Rule(
        "Captions",
        "review",
        "caption",
        "{are} not in a {ending} file",
        "kohya's trainer reads files of one ending only, OneTrainer those in .txt; no trainer of these reads tables.",
    ),
    "orphans": Rule(
        "Captions", "review", "caption file", "{have} no picture", "Remove them, or bring the pictures back."
    ),
    "similar": Rule(
        "Tags",
        "review",
        "pair",
        "of tags may be one tag in two ways ({some})",
        "Make them one, where they mean the same.",
    ),
    "once": Rule(
        "Tags",
        "good",
        "tag",
        "of {tags} {are} in one caption only",
        "Such a tag is hardly learned, which does no harm where it describes a detail.",
    ),
    "no-repeats": Rule(
        "Balance",
        "fix",
        "folder",
        "{have} no repeats in the name, while others do",
        "kohya's trainer leaves them out: rename them to something like 10_{name}.",
    ),
    "zero-repeats": Rule("Balance", "fix", "folder", "{have} 0 repeats", "kohya's trainer leaves them out."),
    "unbalanced": Rule(
        "Balance",
        "review",
        "folder",
        "weigh too differently ({most} is shown {ratio} times as often as {least})",
        "Give the smaller folder more repeats, or it is learned less.",
    ),
}
