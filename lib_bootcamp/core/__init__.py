"""Pure image and text work on numpy, Pillow and OpenCV; knows no host and no surface."""
