"""`python -m benchmarks.train.bare REPORT STARTED STEPS BATCH`: UNet, way back, clipping, optimizer; nothing else."""

import sys

from .clock import Clock

SIDE, TOKENS = 16, 77


def run(steps: int, batch: int) -> None:
    """Step on latents, noise and texts that are there.

    Args:
        steps: how many.
        batch: pictures in each.
    """
    import torch

    from lib_bootcamp.hosts.standalone import StandaloneHost
    from lib_bootcamp.ml.training.adapters import Network, Shape
    from lib_bootcamp.ml.training.optimizers import optimizer_of

    host = StandaloneHost(device="cpu")
    with host.components() as components:
        unet = components.unet
        network = Network("unet", unet, Shape(), 0)
        optimizer = optimizer_of("adamw", [{"params": list(network.parameters()), "lr": 1e-4}], 0.01)
        latents, noise = torch.randn(batch, 4, SIDE, SIDE), torch.randn(batch, 4, SIDE, SIDE)
        texts = torch.randn(batch, TOKENS, unet.config.cross_attention_dim)
        with network.attached(unet):
            for at in range(steps):
                times = torch.full((batch,), 10 * at + 5)
                predicted = unet(latents, times, encoder_hidden_states=texts, return_dict=False)[0]
                torch.nn.functional.mse_loss(predicted, noise).backward()
                torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)


if __name__ == "__main__":
    clock = Clock(float(sys.argv[2]))
    run(int(sys.argv[3]), int(sys.argv[4]))
    clock.write(sys.argv[1])
