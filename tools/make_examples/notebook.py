"""The notebook of the course's exercise, from a folder of pictures to what is shared: its cells as they are read here.

A notebook is JSON (nbformat 4.5, https://nbformat.readthedocs.io/en/latest/format_description.html), so that nothing
is needed to make it. Lines that begin with `!` are a shell's, in which `{NAME}` is a Python variable, as in IPython.
"""

from __future__ import annotations

import json
import textwrap
from typing import Any

NAME = "teach-a-subject.ipynb"
CELLS = (
    """
    # Teach a checkpoint a subject

    From a folder of pictures to a LoRA that is called in a prompt, and to its page on the hub. It runs from top
    to bottom as it is: a small checkpoint that comes along learns a thing it has never seen, in about two minutes
    on two cores. With a GPU, set `CHECKPOINT` and a folder of pictures of your own. What each setting means is in
    [docs/training.md](../docs/training.md).
    """,
    """
    import os

    PICTURES = "examples/zorb"  # a folder of yours: 12 to 20 good pictures of one subject
    SUBJECT = "a zorb"  # a word without a meaning of its own: "a zorb mug"; the caption of pictures that have none
    NAME = "zorb"  # what the file is called; another one for each training
    METHOD = "lora"  # or "locon", "dora", "dreambooth"
    CHECKPOINT = ""  # with a GPU "stable-diffusion-v1-5/stable-diffusion-v1-5"; empty: the small one
    STEPS = int(os.environ.get("STEPS", "800" if CHECKPOINT else "300"))
    PUSH_TO = ""  # USER/NAME on huggingface.co; empty: nothing leaves this machine
    SOURCE = ""  # the address of this repository, where the notebook is not opened inside of a clone of it
    RESULTS = os.environ.get("RESULTS", "results")
    """,
    """
    ## Set up

    The program makes an environment of its own at its first command, which takes some minutes once; the
    notebook's Python stays as it is.
    """,
    """
    import importlib.util
    import sys
    from pathlib import Path

    from IPython.display import Image, display

    if not Path("lib_bootcamp").is_dir() and Path("../lib_bootcamp").is_dir():
        os.chdir("..")
    if not Path("lib_bootcamp").is_dir():
        if not SOURCE:
            raise RuntimeError("Put the address of the repository into SOURCE, or open the notebook in a clone of it.")
        !git clone --depth 1 {SOURCE} bootcamp
        os.chdir("bootcamp")
    if importlib.util.find_spec("ensurepip") is None:  # as on some hosted notebooks
        VENV = f"python3.{sys.version_info.minor}-venv"
        !apt-get install -qq {VENV}
    !python -m lib_bootcamp info
    """,
    """
    ## The pictures

    Sharp ones of one subject, with as many grounds, sides and lights as there are: what is the same in all of
    them is learned as part of it.
    """,
    """
    from shlex import quote


    def show(*pictures, width=128):
        for each in pictures:
            print(each.name)
            display(Image(filename=str(each), width=width))


    FOLDER = quote(PICTURES)
    show(*sorted(each for each in Path(PICTURES).iterdir() if each.suffix.lower() in {".jpg", ".jpeg", ".png"})[:4])
    !python -m lib_bootcamp dataset report {FOLDER}
    """,
    """
    ## The plan

    How many pictures have captions and from where, how often each is seen, how much memory it takes, and what to
    look at.
    """,
    """
    PROMPT = f"{SUBJECT} on a white background"
    IS_WHOLE = METHOD == "dreambooth"  # a checkpoint of its own, which no tag calls
    if CHECKPOINT:
        MODEL, SETTINGS = f"--checkpoint {quote(CHECKPOINT)}", f"--preset {'dreambooth' if IS_WHOLE else 'subject'}"
    elif IS_WHOLE:  # a small checkpoint learns at far higher rates
        MODEL, SETTINGS = "", "--batch 8 --learning-rate 3e-4"
    else:
        MODEL, SETTINGS = "", "--batch 8 --rank 32 --alpha 32 --learning-rate 4e-3 --text-rate 1e-3"
    THIRD = max(1, STEPS // 3)
    TRAIN = (
        f"{FOLDER} --name {quote(NAME)} --caption {quote(SUBJECT)} --method {METHOD} --steps {STEPS} --seed 1 "
        f"--sample-prompt {quote(PROMPT)} --sample-every {THIRD} --save-every {THIRD} --output-folder {quote(RESULTS)} "
        f"{SETTINGS} {MODEL}"
    )
    !python -m lib_bootcamp train {TRAIN} --plan
    """,
    """
    ## The training

    Stopped with ■, it is paused: `!python -m lib_bootcamp jobs` lists it, `!python -m lib_bootcamp jobs resume 1`
    goes on, and ends bit for bit as if it had not been stopped.
    """,
    """
    !python -m lib_bootcamp train {TRAIN}
    show(*sorted(Path(RESULTS, f"{NAME}-samples").glob("*.png")))
    """,
    """
    ## Before and after

    The same prompt at the same seed, without and with what was learned.
    """,
    """
    BEFORE = f"{quote(PROMPT)} --seed 7 {MODEL} --out {quote(f'{RESULTS}/before.png')}"
    if IS_WHOLE:
        AFTER = f"{quote(PROMPT)} --checkpoint {quote(f'{RESULTS}/{NAME}.safetensors')}"
    else:
        AFTER = f"{quote(f'{PROMPT} <lora:{NAME}:1>')} --lora-dir {quote(RESULTS)} {MODEL}"
    AFTER = f"{AFTER} --seed 7 --out {quote(f'{RESULTS}/after.png')}"
    !python -m lib_bootcamp txt2img {BEFORE}
    !python -m lib_bootcamp txt2img {AFTER}
    show(Path(RESULTS, "before.png"), Path(RESULTS, "after.png"), width=256)
    """,
    """
    ## Which step is best

    A training learns its subject first and forgets other things later. Each file of the run draws the same
    prompts; CLIP ranks them by likeness to the pictures, prompt kept, and other concepts kept.
    """,
    """
    if not IS_WHOLE:
        CLIP = "--clip ViT-B-32/laion2b_s34b_b79k" if CHECKPOINT else ""
        COMPARE = (
            f"{quote(RESULTS)} {quote(NAME)} --pictures {FOLDER} --prompts {quote(PROMPT)} --pictures-per-prompt 1 "
            f"--out {quote(f'{RESULTS}/steps.png')} {CLIP} {MODEL}"
        )
        !python -m lib_bootcamp compare-loras {COMPARE}
        show(Path(RESULTS, "steps.png"), width=900)
    """,
    """
    ## Its card, and the hub

    `README.md` as the hub reads it: what it is, on which checkpoint, how it was trained, its samples and its
    license. With `PUSH_TO` all of it is pushed, for you alone unless `--no-private` is added. Your token is used
    and kept nowhere.
    """,
    """
    SHARE = f"{quote(RESULTS)} {quote(NAME)}"
    if not IS_WHOLE:
        !python -m lib_bootcamp share-lora {SHARE}
    if PUSH_TO and not IS_WHOLE:
        from getpass import getpass

        if token := getpass("A token of huggingface.co that may write (empty: your login on this machine): "):
            os.environ["HF_TOKEN"] = token
        !python -m lib_bootcamp share-lora {SHARE} --push-to {PUSH_TO}
    """,
)
"""Texts, and code where a text does not begin with `#`."""


def notebook() -> str:
    """The whole notebook as JSON, without outputs."""
    cells = [_cell(number, textwrap.dedent(text).strip()) for number, text in enumerate(CELLS)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    made = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return f"{json.dumps(made, ensure_ascii=False, indent=1)}\n"


def _cell(number: int, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": f"cell-{number:02}", "metadata": {}, "source": text.splitlines(keepends=True)}
    if text.startswith("#"):
        return {"cell_type": "markdown", **cell}
    return {"cell_type": "code", "execution_count": None, **cell, "outputs": []}
