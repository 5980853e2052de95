"""Small models of the detectors' true classes in transformers, with random weights, as folders of the hub's files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - imported where torch is there

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

TOKENIZER = Path(__file__).resolve().parents[3] / "models" / "mini-sd" / "tokenizer"


def _transformers() -> Any:
    import_torchvision()
    import transformers

    torch.manual_seed(0)
    return transformers


def _save(folder: Path, model: Any, processor: Any) -> None:
    model.save_pretrained(folder, safe_serialization=True)
    processor.save_pretrained(folder)


def depth_anything(place: Path) -> None:
    """A DINOv2 of two layers and the depth head over it."""
    kinds = _transformers()
    backbone = kinds.Dinov2Config(
        hidden_size=24, num_hidden_layers=4, num_attention_heads=2, image_size=70, patch_size=14,
        out_indices=[1, 2, 3, 4], reshape_hidden_states=False, apply_layernorm=True,
    )  # fmt: skip
    config = kinds.DepthAnythingConfig(
        backbone_config=backbone, reassemble_hidden_size=24, neck_hidden_sizes=[8, 8, 8, 8], fusion_hidden_size=8,
        head_hidden_size=8, patch_size=14,
    )  # fmt: skip
    processor = kinds.DPTImageProcessor(
        size={"height": 70, "width": 70}, ensure_multiple_of=14, keep_aspect_ratio=True, do_resize=True
    )
    _save(place / "depth-anything-small-hf", kinds.DepthAnythingForDepthEstimation(config), processor)


def upernet(place: Path) -> None:
    """A ConvNeXt of one block a stage under UperNet's heads, with ADE20K's 150 classes."""
    kinds = _transformers()
    backbone = kinds.ConvNextConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_features=["stage1", "stage2", "stage3", "stage4"]
    )
    config = kinds.UperNetConfig(
        backbone_config=backbone, hidden_size=16, auxiliary_in_channels=16, auxiliary_channels=16, num_labels=150
    )
    config.auxiliary_in_channels = 16
    processor = kinds.SegformerImageProcessor(size={"height": 128, "width": 128}, do_reduce_labels=True)
    _save(place / "upernet-convnext-tiny", kinds.UperNetForSemanticSegmentation(config), processor)


def owlvit(place: Path) -> None:
    """OWL-ViT of one layer each for picture and text."""
    kinds = _transformers()
    text = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "vocab_size": 49408, "max_position_embeddings": 16,
    }  # fmt: skip
    vision = {
        "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 96,
        "patch_size": 32,
    }  # fmt: skip
    config = kinds.OwlViTConfig(text_config=text, vision_config=vision, projection_dim=16)
    folder = place / "owlvit-base-patch32"
    tokens = kinds.CLIPTokenizer.from_pretrained(TOKENIZER)
    pictures = kinds.OwlViTImageProcessor(size={"height": 96, "width": 96})
    processor = kinds.OwlViTProcessor(image_processor=pictures, tokenizer=tokens)
    _save(folder, kinds.OwlViTForObjectDetection(config), processor)
    for each in ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"):
        if (TOKENIZER / each).exists():
            shutil.copy(TOKENIZER / each, folder)
    if not (folder / "preprocessor_config.json").exists():
        pictures.save_pretrained(folder)


def sam(place: Path) -> None:
    """SAM with encoders of two layers, for pictures of 64 px."""
    kinds = _transformers()
    config = kinds.SamConfig(
        vision_config=kinds.SamVisionConfig(
            hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=64, patch_size=16, mlp_dim=32,
            output_channels=16, global_attn_indexes=[1], window_size=2, num_pos_feats=8,
        ).to_dict(),
        prompt_encoder_config=kinds.SamPromptEncoderConfig(
            hidden_size=16, image_size=64, patch_size=16, mask_input_channels=4
        ).to_dict(),
        mask_decoder_config=kinds.SamMaskDecoderConfig(
            hidden_size=16, mlp_dim=32, num_attention_heads=2, iou_head_hidden_dim=16
        ).to_dict(),
    )  # fmt: skip
    pictures = kinds.SamImageProcessor(
        size={"longest_edge": 64}, pad_size={"height": 64, "width": 64},
        mask_size={"longest_edge": 64}, mask_pad_size={"height": 64, "width": 64},
    )  # fmt: skip
    folder = place / "sam-vit-base"
    _save(folder, kinds.SamModel(config), kinds.SamProcessor(pictures))
    if not (folder / "preprocessor_config.json").exists():
        pictures.save_pretrained(folder)
