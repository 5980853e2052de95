"""Samplers and schedules of all tools by the WebUI's names.

Source: `modules/sd_samplers_kdiffusion.py` and `modules/sd_schedulers.py` of AUTOMATIC1111's WebUI 1.10.1; the names of
k-diffusion (ComfyUI, Fooocus, SwarmUI), of NovelAI (`k_...`), InvokeAI (`..._k`) and Easy Diffusion.
"""

from __future__ import annotations

import re

_SAMPLERS = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "euler_a": "Euler a",
    "heun": "Heun",
    "dpm_2": "DPM2",
    "dpm2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "dpm2_a": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_2s_a": "DPM++ 2S a",
    "dpmpp_2s": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddim": "DDIM",
    "plms": "PLMS",
    "uni_pc": "UniPC",
    "uni_pc_bh2": "UniPC",
    "unipc": "UniPC",
    "restart": "Restart",
    "lcm": "LCM",
}
_SCHEDULES = {
    "karras": "Karras",
    "exponential": "Exponential",
    "polyexponential": "Polyexponential",
    "sgm_uniform": "SGM Uniform",
    "kl_optimal": "KL Optimal",
    "align_your_steps": "Align Your Steps",
    "ays": "Align Your Steps",
    "simple": "Simple",
    "normal": "Normal",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "uniform": "Uniform",
    "trailing": "SGM Uniform",
}


def webui_sampler(sampler: str | None, scheduler: str | None) -> tuple[str, str]:
    """The WebUI's names of a sampler and its schedule; a name it does not know stays as it is."""
    name, schedule = (sampler or "").strip(), _SCHEDULES.get(_key(scheduler or ""), scheduler or "")
    key = _key(name)
    for ending, meant in (
        ("_karras", "Karras"),
        ("_k", "Karras"),
        ("_trailing", "SGM Uniform"),
        ("_ays", "Align Your Steps"),
    ):
        if key.endswith(ending) and _known(key.removesuffix(ending)):
            key, schedule = key.removesuffix(ending), schedule or meant
    schedule = "" if schedule == "native" else schedule
    return _known(key) or name, schedule


def _known(key: str) -> str:
    for prefix in ("", "k_", "sample_"):
        bare = key.removeprefix(prefix).removesuffix("_gpu").removesuffix("_cfg_pp")
        if bare in _SAMPLERS:
            return _SAMPLERS[bare]
    return ""


def _key(name: str) -> str:
    """`DPM++ 2M SDE` as `dpmpp_2m_sde`."""
    return re.sub(r"[^a-z0-9]+", "_", name[:80].lower().replace("++", "pp")).strip("_")
