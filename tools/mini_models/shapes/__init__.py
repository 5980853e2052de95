"""The drawn shapes: mini-clip, a VAE and mini-sd, which the tests run on."""
