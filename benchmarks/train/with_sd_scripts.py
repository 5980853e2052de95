"""`python with_sd_scripts.py REPORT STARTED ARGUMENTS`: kohya-ss/sd-scripts' `train_network.py`, timed.

Run by sd-scripts' own Python in its own folder. Its UNet has Stable Diffusion 1's sizes written in, so that a smaller
checkpoint is given to it as diffusers' UNet, which its networks know the layers of by the same names.
"""

import importlib.util
import sys
from pathlib import Path

if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    sys.path[0] = str(Path.cwd())
    found = importlib.util.spec_from_file_location("clock", here / "clock.py")
    assert found is not None
    assert found.loader is not None
    clock_module = importlib.util.module_from_spec(found)
    found.loader.exec_module(clock_module)
    clock = clock_module.Clock(float(sys.argv[2]))

    import train_network
    from diffusers import StableDiffusionPipeline
    from library import train_util

    def load(args, _dtype, device="cpu", unet_use_linear_projection_in_v2=False):  # noqa: FBT002
        pipe = StableDiffusionPipeline.from_pretrained(
            args.pretrained_model_name_or_path, tokenizer=None, safety_checker=None
        )
        return pipe.text_encoder, pipe.vae, pipe.unet, False

    train_util._load_target_model = load
    report = sys.argv[1]
    parser = train_network.setup_parser()
    arguments = parser.parse_args(sys.argv[3:])
    train_util.verify_command_line_training_args(arguments)
    arguments = train_util.read_config_from_file(arguments, parser)
    train_network.NetworkTrainer().train(arguments)
    clock.write(report)
