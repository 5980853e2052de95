"""What a training is asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.core.networks.file_names import MOST_CHARACTERS, NAME, RULE
from lib_bootcamp.core.training.chance import MAX_SEED
from lib_bootcamp.core.training.optimizers import TITLES as OPTIMIZERS
from lib_bootcamp.core.training.optimizers import Optimizer
from lib_bootcamp.core.training.places import BLOCK_TITLES, BLOCKS, LAYER_TITLES, LAYERS, Block, Layer
from lib_bootcamp.core.training.precision import TITLES as PRECISIONS
from lib_bootcamp.core.training.precision import Precision
from lib_bootcamp.core.training.rates import TITLES as SCHEDULES
from lib_bootcamp.core.training.rates import Schedule
from lib_bootcamp.core.training.weights import TITLES as WEIGHTINGS
from lib_bootcamp.core.training.weights import Weighting
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operations.networks.share_settings import ID, check_id
from lib_bootcamp.params import Params, Spec

from .concept_settings import MAX_TEXT, MOST_CONCEPTS, Concept

Method = Literal["lora", "locon", "dora", "dreambooth", "embedding"]
METHODS: dict[Method, str] = {
    "lora": "LoRA",
    "locon": "LoCon (convolutions too)",
    "dora": "DoRA (input columns)",
    "dreambooth": "DreamBooth (a whole checkpoint)",
    "embedding": "Embedding (a new word)",
}
_OF_EMBEDDING: dict[str, Any] = {"group": "Embedding", "when": {"method": ("embedding",)}}
_NETWORKS: tuple[Method, ...] = ("lora", "locon", "dora")
_OF_NETWORK: dict[str, Any] = {"group": "Network", "when": {"method": _NETWORKS}}
_OF_UNET: dict[str, Any] = {"group": "Network", "when": {"method": (*_NETWORKS, "dreambooth")}}

RANK, ALPHA, CONV_RANK, VECTORS = 16, 8.0, 8, 4
"""Where none is given and nothing is started from."""
RATES: dict[bool, tuple[float, float]] = {False: (1e-4, 5e-5), True: (2e-6, 0.0)}
"""The UNet's and the text encoder's where none is given: of networks, and of DreamBooth (True)."""
INIT_TEXT = "*"

PRESETS: dict[str, dict[str, Any]] = {
    "subject": {"rank": 16, "alpha": 8.0, "learning_rate": 1e-4, "text_rate": 5e-5, "steps": 800},
    "character": {"rank": 16, "alpha": 8.0, "shuffle": True, "keep_tokens": 1, "text_rate": 5e-5, "steps": 1500},
    "style": {"rank": 32, "alpha": 16.0, "text_rate": 0.0, "dropout": 0.1, "steps": 2000},
    "low memory (6 GB)": {"rank": 8, "alpha": 4.0, "batch": 1, "text_rate": 0.0, "checkpointing": True},
    "dreambooth": {
        "method": "dreambooth",
        "learning_rate": 2e-6,
        "text_rate": 0.0,
        "steps": 1000,
        "checkpointing": True,
    },
    "embedding": {"method": "embedding", "vectors": 4, "embedding_rate": 5e-3, "steps": 2000},
    "SDXL 8 GB": {"rank": 8, "alpha": 4.0, "batch": 1, "text_rate": 0.0, "checkpointing": True, "resolution": 768},
}


@dataclass(frozen=True, kw_only=True)
class DataFields(Params):
    """What is trained on."""

    folder: Annotated[
        str,
        Spec(
            "Folder",
            "Of pictures with captions beside them; folders such as `10_my dog` are repeated.",
            format="folder",
            positional=True,
            example="photos/dog",
        ),
    ] = ""
    concepts: Annotated[
        tuple[Concept, ...],
        Spec(
            "Concepts",
            "In place of one folder several, each with its own caption, repeats and weight.",
            max_length=MOST_CONCEPTS,
        ),
    ] = ()
    caption: Annotated[
        str,
        Spec(
            "Caption without a file",
            "Of pictures that have none.",
            max_length=MAX_TEXT,
            group="Captions",
            example="a photo of a mug",
        ),
    ] = ""
    template: Annotated[
        str,
        Spec(
            "Template",
            "[filewords] is the caption, [name] the name. Empty: the caption alone; of an embedding, with its name.",
            max_length=MAX_TEXT,
            group="Captions",
        ),
    ] = ""
    shuffle: Annotated[bool, Spec("Shuffle tags", group="Captions")] = False
    keep_tokens: Annotated[
        int,
        Spec(
            "Keep first tags",
            "They stay where they are; ||| in a caption does the same.",
            ge=0,
            le=100,
            group="Captions",
        ),
    ] = 0
    tag_dropout: Annotated[float, Spec("Tag dropout", ge=0, le=1, step=0.05, unit="0 to 1", group="Captions")] = 0.0
    dropout: Annotated[
        float,
        Spec(
            "Caption dropout",
            "Keeps the checkpoint able to draw without a prompt.",
            ge=0,
            le=1,
            step=0.05,
            unit="0 to 1",
            group="Captions",
        ),
    ] = 0.05
    resolution: Annotated[
        int | None,
        Spec(
            "Resolution", "Empty for the checkpoint's own.", ge=64, le=2048, multiple_of=8, unit="px", group="Pictures"
        ),
    ] = None
    enlarge: Annotated[bool, Spec("Enlarge small pictures", "To fill their bucket.", group="Pictures")] = False
    flip: Annotated[bool, Spec("Mirror half of them", "Not where left and right matter.", group="Pictures")] = False

    def check(self) -> None:
        """One folder, or several in `concepts`."""
        if self.folder and self.concepts:
            raise InvalidParamError(
                "concepts", "cannot be given beside folder", hint="put the folder among the concepts"
            )
        if not (self.folder or self.concepts):
            raise InvalidParamError("folder", "is missing", hint="give a folder of pictures, or several in concepts")


@dataclass(frozen=True, kw_only=True)
class TrainParams(DataFields):
    """How it is trained."""

    name: Annotated[
        str,
        Spec(
            "Name",
            "Of the file, and in <lora:name:1>; an embedding's is the word itself. Empty: the folder's.",
            pattern=f"(?:{NAME})?",
            pattern_says=RULE,
            max_length=MOST_CHARACTERS,
        ),
    ] = ""
    method: Annotated[Method, Spec("Method", titles=METHODS)] = "lora"
    steps: Annotated[int, Spec("Steps", ge=1, le=1_000_000)] = 800
    output_folder: Annotated[
        str,
        Spec(
            "Output folder",
            "On the machine that the program runs on; a relative one begins where it was started.",
            format="folder",
            min_length=1,
        ),
    ] = "."
    push_to: Annotated[
        str,
        Spec(
            "Push to",
            "USER/NAME on huggingface.co, with your own login there, when it has ended. Empty: nothing is pushed.",
            group="Share",
            example="me/mymug",
            renamed=("push_to_hub",),
            **ID,
        ),
    ] = ""
    private: Annotated[bool, Spec("Private", "Only you see what is pushed.", group="Share")] = True
    start_from: Annotated[
        str,
        Spec(
            "Start from",
            "A LoRA or embedding that goes on learning: its name in the folder below, or a path. Empty: none.",
            max_length=1000,
            group="Start",
        ),
    ] = ""
    start_folder: Annotated[
        str,
        Spec(
            "Folder to start from",
            "Where it lies. Empty: the WebUI's own.",
            format="folder",
            group="Start",
        ),
    ] = ""
    rank: Annotated[
        int | None,
        Spec(
            "Rank",
            f"More hold more and weigh more. Empty: {RANK}, or as what is started from.",
            ge=1,
            le=1024,
            **_OF_NETWORK,
        ),
    ] = None
    alpha: Annotated[
        float | None,
        Spec(
            "Alpha",
            f"The strength is alpha / rank. Empty: {ALPHA:g}, or as what is started from.",
            gt=0,
            le=4096,
            **_OF_NETWORK,
        ),
    ] = None
    conv_rank: Annotated[
        int | None,
        Spec(
            "Rank of convolutions",
            f"Of LoCon. Empty: {CONV_RANK}, or as what is started from.",
            ge=1,
            le=1024,
            group="Network",
            when={"method": ("locon",)},
        ),
    ] = None
    rslora: Annotated[
        bool,
        Spec(
            "rsLoRA",
            "Rank-stabilized: strength alpha / sqrt(rank), so that a larger rank is not weaker.",
            **_OF_NETWORK,
        ),
    ] = False
    blocks: Annotated[
        tuple[Block, ...],
        Spec("Blocks", "Of the UNet, which are taught.", titles=BLOCK_TITLES, min_length=1, **_OF_UNET),
    ] = BLOCKS
    layers: Annotated[
        tuple[Layer, ...],
        Spec("Layers", "Of the UNet, which are taught.", titles=LAYER_TITLES, min_length=1, **_OF_UNET),
    ] = LAYERS
    vectors: Annotated[
        int | None,
        Spec(
            "Vectors",
            f"More hold more, and take as many tokens of a prompt. Empty: {VECTORS}, or as what is started from.",
            ge=1,
            le=32,
            **_OF_EMBEDDING,
        ),
    ] = None
    init_text: Annotated[
        str,
        Spec(
            "Begin as",
            "Words that the vectors begin as, such as what kind of thing it is; fewer than vectors are repeated.",
            min_length=1,
            max_length=200,
            example="mug",
            **_OF_EMBEDDING,
        ),
    ] = INIT_TEXT
    embedding_rate: Annotated[float, Spec("Rate of the vectors", gt=0, le=1, **_OF_EMBEDDING)] = 5e-3
    keep_norm: Annotated[
        bool, Spec("Keep the norm", "Vectors stay as long as the checkpoint's own.", **_OF_EMBEDDING)
    ] = False
    optimizer: Annotated[Optimizer, Spec("Optimizer", titles=OPTIMIZERS, group="Rates")] = "adamw"
    learning_rate: Annotated[
        float | None,
        Spec(
            "Learning rate",
            "Of the UNet. Empty: 1e-4, of DreamBooth 2e-6.",
            gt=0,
            le=1,
            group="Rates",
        ),
    ] = None
    text_rate: Annotated[
        float | None,
        Spec(
            "Rate of the text encoder",
            "0 leaves it alone. Empty: 5e-5, of DreamBooth 0.",
            ge=0,
            le=1,
            group="Rates",
        ),
    ] = None
    schedule: Annotated[Schedule, Spec("Schedule", titles=SCHEDULES, group="Rates")] = "cosine"
    warmup: Annotated[float, Spec("Warmup", "The share of the steps.", ge=0, le=0.9, unit="0 to 1", group="Rates")] = (
        0.05
    )
    loraplus_ratio: Annotated[
        float,
        Spec(
            "LoRA+ ratio",
            "How many times the rate the `up` factors have; 16 in its paper.",
            ge=1,
            le=64,
            group="Rates",
            when={"method": _NETWORKS},
        ),
    ] = 1.0
    ema_decay: Annotated[
        float,
        Spec(
            "EMA decay",
            "Of the moving average of the weights, which is drawn with and written, such as 0.999; 0: none.",
            ge=0,
            lt=1,
            step=0.001,
            group="Rates",
        ),
    ] = 0.0
    batch: Annotated[int, Spec("Batch", ge=1, le=64, unit="pictures", group="Memory")] = 1
    accumulate: Annotated[int, Spec("Accumulate", "Batches in a step.", ge=1, le=256, group="Memory")] = 1
    checkpointing: Annotated[
        bool, Spec("Gradient checkpointing", "Less memory, 1.7 times the time.", group="Memory")
    ] = False
    precision: Annotated[
        Precision,
        Spec("Precision", "That is computed in; what is learned has 32 bits.", titles=PRECISIONS, group="Memory"),
    ] = "automatic"
    on_out_of_memory: Annotated[
        Literal["stop", "next-lever"],
        Spec(
            "Where memory runs out",
            "Go on: with gradient checkpointing, then with the batch in smaller pieces; a step means the same.",
            titles={"stop": "Stop; it can be resumed", "next-lever": "Go on with less"},
            group="Memory",
        ),
    ] = "stop"
    weighting: Annotated[Weighting, Spec("Weighting", titles=WEIGHTINGS, group="Loss")] = "min-snr"
    gamma: Annotated[float, Spec("Gamma", "Of min-SNR.", gt=0, le=100, group="Loss")] = 5.0
    loss: Annotated[Literal["l2", "huber"], Spec("Loss", titles={"l2": "L2", "huber": "Huber"}, group="Loss")] = "l2"
    prior_weight: Annotated[
        float, Spec("Prior weight", "How much the loss on class pictures counts.", gt=0, le=10, step=0.05, group="Loss")
    ] = 1.0
    noise_offset: Annotated[float, Spec("Noise offset", ge=0, le=1, step=0.01, group="Loss")] = 0.0
    clip_skip: Annotated[
        int, Spec("Clip skip", "Which of the text encoder's last layers is used.", ge=1, le=12, group="Loss")
    ] = 1
    validation_split: Annotated[
        float,
        Spec(
            "Validation split",
            "The share of the pictures that is not learned from; a rising loss on them shows what is learned by heart.",
            ge=0,
            le=0.5,
            step=0.05,
            unit="0 to 1",
            group="Validation",
        ),
    ] = 0.0
    validate_every: Annotated[int, Spec("Validate every", ge=1, le=1_000_000, unit="steps", group="Validation")] = 50
    seed: Annotated[int, Spec("Seed", "-1 chooses one.", ge=-1, le=MAX_SEED)] = -1
    sample_prompt: Annotated[
        str,
        Spec(
            "Sample prompts",
            "A line each; drawn at the same seeds.",
            max_length=10_000,
            format="multiline",
            group="Samples",
        ),
    ] = ""
    sample_every: Annotated[int, Spec("Samples every", "0: none.", ge=0, unit="steps", group="Samples")] = 100
    save_every: Annotated[int, Spec("Files every", "0: only at the end.", ge=0, unit="steps", group="Samples")] = 0

    def check(self) -> None:
        """As `DataFields`; an embedding has no use for class pictures, what starts from one none for words."""
        super().check()
        check_id("push_to", self.push_to)
        if self.start_folder and not self.start_from:
            raise InvalidParamError("start_from", "is missing", hint="name the file in start_folder")
        if self.method == "dreambooth" and self.start_from:
            raise InvalidParamError(
                "start_from",
                "has no meaning for dreambooth, which starts from the checkpoint that is loaded",
                hint="leave it out, and load the checkpoint that goes on learning",
            )
        if self.start_from and self.init_text != INIT_TEXT:
            raise InvalidParamError("init_text", "has no meaning beside start_from", hint="leave it out")
        if self.method == "embedding" and any(each.has_class for each in self.concepts):
            raise InvalidParamError(
                "concepts",
                "have class pictures, which keep the checkpoint as it is: an embedding never changes it",
                hint="leave class_prompt and class_folder out",
            )
