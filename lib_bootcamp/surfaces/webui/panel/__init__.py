"""The section as it stands in txt2img and img2img: its form, its preview, what its script asks."""
