"""The view of a loaded checkpoint: the host's own weights in diffusers' modules, and nothing kept."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import weakref
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("diffusers", reason="diffusers is not installed")
pytest.importorskip("transformers", reason="transformers is not installed")
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402

import_torchvision()

from dataclasses import replace  # noqa: E402

from lib_bootcamp.errors import ModelError  # noqa: E402
from lib_bootcamp.ml.checkpoints.ldm_view import LdmModel, LdmView, padded_with_zero, scheduler_config  # noqa: E402

from .tiny_ldm import OpenClipTower, config, unet, vae  # noqa: E402

PARTS = ("unet", "encode", "decode")
TOKENS = torch.tensor([[1, 5, 7, 3, 19, 0]])


def clip():
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    return CLIPTextModel(CLIPTextConfig(vocab_size=20, max_position_embeddings=6, **sizes)).eval()


@pytest.fixture
def model() -> LdmModel:
    made = config()
    return LdmModel(family="sd1", config=made, unet=unet(made), vae=vae(made), clip=clip())


@pytest.fixture
def lent(model):
    view = LdmView(model)
    yield view.borrow(model)
    view.give_back()


def storages(module) -> set[int]:
    return {each.untyped_storage().data_ptr() for each in module.parameters()}


def size(module) -> int:
    return sum(each.numel() * each.element_size() for each in module.parameters())


def test_every_weight_of_the_unet_is_the_hosts_own_object(model, lent):
    assert {id(each) for each in lent["unet"].parameters()} == {id(each) for each in model.unet.parameters()}


@pytest.mark.parametrize(("part", "owner"), [("unet", "unet"), ("vae", "vae"), ("text_encoder", "clip")])
def test_every_weight_lies_in_the_hosts_memory(model, lent, part, owner):
    assert storages(lent[part]) == storages(getattr(model, owner))


def test_all_weights_are_counted_as_shared(model):
    view = LdmView(model)
    view.borrow(model)
    assert view.shared_bytes == size(model.unet) + size(model.vae) + size(model.clip)


def test_only_the_positions_numbers_are_owned(model):
    view = LdmView(model)
    view.borrow(model)
    assert view.owned_bytes == 6 * 8  # six positions as int64


def test_the_vaes_attention_is_the_convolution_without_its_ones(model, lent):
    theirs = dict(model.vae.named_parameters())["encoder.mid.attn_1.q.weight"]
    ours = lent["vae"].encoder.mid_block.attentions[0].to_q.weight
    assert torch.equal(ours, theirs[:, :, 0, 0])


def test_the_unet_runs(lent):
    out = lent["unet"](torch.zeros(1, 4, 8, 8), torch.tensor([1]), torch.zeros(1, 6, 32)).sample
    assert out.shape == (1, 4, 8, 8)


def test_a_change_of_the_hosts_weight_is_seen(model, lent):
    with torch.no_grad():
        dict(model.unet.named_parameters())["time_embed.0.bias"].fill_(3)
    assert bool((lent["unet"].time_embedding.linear_1.bias == 3).all())


def test_half_precision_stays_half(model):
    model.unet.half()
    view = LdmView(model)
    assert view.borrow(model)["unet"].dtype == torch.float16


def test_channels_last_weights_are_shared_too(model):
    for each in model.vae.parameters():
        if each.ndim == 4:
            each.data = each.data.to(memory_format=torch.channels_last)
    view = LdmView(model)
    assert storages(view.borrow(model)["vae"]) == storages(model.vae)


def test_wrapped_token_embeddings_are_found(model):
    class Wrapper(torch.nn.Module):
        def __init__(self, wrapped):
            super().__init__()
            self.wrapped = wrapped

    embeddings = getattr(model.clip, "text_model", model.clip).embeddings
    theirs = embeddings.token_embedding
    embeddings.token_embedding = Wrapper(theirs)
    view = LdmView(model)
    text = view.borrow(model)["text_encoder"]
    assert getattr(text, "text_model", text).embeddings.token_embedding.weight is theirs.weight


def test_the_text_encoder_says_what_the_hosts_says(model, lent):
    assert torch.equal(lent["text_encoder"](TOKENS).last_hidden_state, model.clip(TOKENS).last_hidden_state)


# Moves


def test_a_part_follows_its_owner_to_new_memory(model):
    from lib_bootcamp.ml.checkpoints.lending import BorrowedModule

    owner = torch.nn.Linear(2, 6, bias=False)
    with torch.device("meta"):
        part = BorrowedModule(torch.nn.Linear(2, 2, bias=False))
    part.borrow({"weight": owner.weight.detach()[2:4]}, owner.parameters())
    owner.weight.data = torch.arange(12.0).reshape(6, 2)
    part.follow()
    assert part.module.weight.tolist() == [[4, 5], [6, 7]]


def test_a_module_is_brought_before_it_runs(model):
    brought = []
    movers = {id(each): lambda: brought.append("vae") for each in model.vae.parameters()}
    view = LdmView(model)
    parts = view.borrow(replace(model, movers=movers))
    with torch.no_grad():
        parts["vae"].encode(torch.zeros(1, 3, 16, 16))
    assert brought


def test_weights_moved_by_the_host_are_followed_while_it_runs(model):
    """As --medvram does it: the module's storages are new ones when it has been brought."""
    view = LdmView(model)
    plain = view.borrow(model)["vae"].encode(torch.ones(1, 3, 16, 16)).latent_dist.mode()
    view.give_back()

    def bring():
        for each in model.vae.parameters():
            each.data = each.data.clone()

    parts = view.borrow(replace(model, movers={id(each): bring for each in model.vae.parameters()}))
    for each in model.vae.parameters():
        each.data = each.data * 1.0
    moved = parts["vae"].encode(torch.ones(1, 3, 16, 16)).latent_dist.mode()
    assert torch.equal(moved, plain)
    assert storages(parts["vae"]) == storages(model.vae)


# Giving back


def test_after_giving_back_nothing_is_in_the_modules(model):
    view = LdmView(model)
    parts = view.borrow(model)
    view.give_back()
    assert all(each.is_meta for part in parts.values() for each in part.parameters())


def test_the_hosts_memory_is_not_kept_alive(model):
    view = LdmView(model)
    view.borrow(model)
    view.give_back()
    weight = weakref.ref(next(model.unet.parameters()))
    for module in list(model.unet.modules()):
        module._parameters.clear()
    gc.collect()
    assert weight() is None


def test_lent_weights_take_no_gradient(lent):
    assert not any(each.requires_grad for part in lent.values() for each in part.parameters())


def test_the_hosts_flags_are_put_back(model):
    first, second = list(model.unet.parameters())[:2]
    second.requires_grad = False
    view = LdmView(model)
    view.borrow(model)
    view.give_back()
    assert (first.requires_grad, second.requires_grad) == (True, False)


def test_a_gradient_made_meanwhile_is_not_left_behind(model):
    view = LdmView(model)
    parts = view.borrow(model)
    parts["unet"].requires_grad_(True)
    parts["unet"](torch.zeros(1, 4, 8, 8), torch.tensor([1]), torch.zeros(1, 6, 32)).sample.sum().backward()
    view.give_back()
    assert all(each.grad is None for each in model.unet.parameters())


def test_an_adapter_trains_and_the_base_does_not(model, lent):
    layer = lent["unet"].mid_block.attentions[0].transformer_blocks[0].attn1.to_q
    adapter = torch.nn.Linear(64, 64)
    layer.register_forward_hook(lambda module, given, out: out + adapter(given[0]))
    lent["unet"](torch.ones(1, 4, 8, 8), torch.tensor([1]), torch.ones(1, 6, 32)).sample.sum().backward()
    assert adapter.weight.grad is not None
    assert all(each.grad is None for each in model.unet.parameters())


def test_the_same_modules_take_another_checkpoints_weights(model):
    view = LdmView(model)
    view.borrow(model)
    assert view.give_back()
    other = replace(model, unet=unet(config(), seed=7))
    assert storages(view.borrow(other)["unet"]) == storages(other.unet)


def test_modules_that_something_was_added_to_are_not_lent_again(model):
    view = LdmView(model)
    view.borrow(model)["unet"].add_module("adapter", torch.nn.Linear(1, 1))
    assert not view.give_back()


def test_wrapped_layers_let_the_hosts_weights_go(model):
    view = LdmView(model)
    parts = view.borrow(model)
    parts["unet"].conv_in = torch.nn.Sequential(parts["unet"].conv_in)
    view.give_back()
    assert all(each.is_meta for each in parts["unet"].parameters())


def test_a_text_encoder_of_two_precisions_runs(model):
    model.clip.half()
    getattr(model.clip, "text_model", model.clip).embeddings.float()
    view = LdmView(model)
    with torch.no_grad():
        assert view.borrow(model)["text_encoder"](TOKENS).last_hidden_state.dtype == torch.float16
    assert view.give_back()


def test_weights_made_in_inference_mode_are_lent_and_given_back():
    made = config()
    with torch.inference_mode():
        model = LdmModel(family="sd1", config=made, unet=unet(made), vae=vae(made), clip=clip())
    view = LdmView(model)
    assert storages(view.borrow(model)["unet"]) == storages(model.unet)
    assert view.give_back()


# What cannot be lent


def test_a_layer_that_is_missing_is_reported(model):
    del model.unet.middle_block._modules["2"]
    with pytest.raises(ModelError, match="missing"):
        LdmView(model).borrow(model)


def test_a_wrong_shape_is_reported(model):
    other = config(context=48)
    with pytest.raises(ModelError, match="shape"):
        LdmView(model).borrow(replace(model, unet=unet(other)))


def test_weights_that_were_unloaded_are_reported(model):
    with pytest.raises(ModelError, match="not in memory"):
        LdmView(model).borrow(replace(model, unet=unet(config()).to("meta")))


def test_eight_bit_weights_are_reported(model):
    model.unet.to(torch.float8_e4m3fn)
    with pytest.raises(ModelError, match="8 bits"):
        LdmView(model).borrow(model)


def test_a_refused_checkpoint_leaves_the_hosts_flags(model):
    del model.vae.decoder._modules["conv_out"]
    with pytest.raises(ModelError):
        LdmView(model).borrow(model)
    assert all(each.requires_grad for each in model.unet.parameters())


def test_a_foreign_configuration_is_reported(model):
    with pytest.raises(ModelError, match="configuration"):
        LdmView(replace(model, config={"model": {"params": {}}}))


def test_a_checkpoint_without_clip_is_reported(model):
    with pytest.raises(ModelError, match="text encoder"):
        LdmView(replace(model, clip=None))


# OpenCLIP (Stable Diffusion 2 and XL)


@pytest.fixture
def tower() -> OpenClipTower:
    torch.manual_seed(1)
    return OpenClipTower().eval()


def test_sd2s_encoder_is_openclip_without_its_last_layer(model, tower):
    view = LdmView(replace(model, family="sd2", clip=None, open_clip=tower))
    encoder = view.borrow(replace(model, family="sd2", clip=None, open_clip=tower))["text_encoder"]
    with torch.no_grad():
        theirs = tower.ln_final(tower.states(TOKENS)[-2])
        ours = encoder(TOKENS).last_hidden_state
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_sdxls_second_encoder_gives_the_last_state_but_one(model, tower):
    sdxl = replace(model, family="sdxl", open_clip=tower)
    encoder = LdmView(sdxl).borrow(sdxl)["text_encoder_2"]
    with torch.no_grad():
        assert torch.allclose(
            encoder(TOKENS, output_hidden_states=True).hidden_states[-2], tower.states(TOKENS)[-2], atol=1e-5
        )


def test_sdxls_pooled_embedding_is_the_projected_end_of_text(model, tower):
    sdxl = replace(model, family="sdxl", open_clip=tower)
    encoder = LdmView(sdxl).borrow(sdxl)["text_encoder_2"]
    with torch.no_grad():
        theirs = tower.ln_final(tower.states(TOKENS)[-1])[:, 4] @ tower.text_projection  # 19, the highest, is at 4
        assert torch.allclose(encoder(TOKENS).text_embeds, theirs, atol=1e-5)


def test_openclips_fused_projections_are_shared(model, tower):
    sdxl = replace(model, family="sdxl", open_clip=tower)
    encoder = LdmView(sdxl).borrow(sdxl)["text_encoder_2"]
    assert storages(encoder) <= storages(tower)


def test_a_linear_projection_is_read_from_the_configuration(model, tower):
    made = config(linear=True)
    sd2 = replace(model, family="sd2", config=made, unet=unet(made), clip=None, open_clip=tower)
    assert LdmView(sd2).borrow(sd2)["unet"].config.use_linear_projection


# Beside the modules


def test_the_scheduler_has_the_checkpoints_betas(model):
    reported = scheduler_config(replace(model, prediction_type="v_prediction"))
    assert (reported["beta_start"], reported["beta_end"], reported["prediction_type"]) == (
        0.00085,
        0.012,
        "v_prediction",
    )


def test_the_second_tokenizer_pads_with_zero_and_the_first_is_left():
    from types import SimpleNamespace

    first = SimpleNamespace(pad_token="<|endoftext|>")
    assert (padded_with_zero(first).pad_token, first.pad_token) == ("!", "<|endoftext|>")


@pytest.mark.skipif(
    not (os.environ.get("WEBUI_DIR") and os.environ.get("WEBUI_PYTHON")),
    reason="WEBUI_DIR and WEBUI_PYTHON are not set",
)
def test_the_forward_is_that_of_the_webuis_own_models():
    script = Path(__file__).with_name("ldm_forward.py")
    done = subprocess.run(
        [os.environ["WEBUI_PYTHON"], str(script)], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr[-2000:]
    differences = json.loads(done.stdout.splitlines()[-1])
    assert set(differences) == {f"{family} {part}" for family in ("sd1", "sd2", "sdxl") for part in PARTS}
    assert {name: value for name, value in differences.items() if value > 1e-4} == {}
