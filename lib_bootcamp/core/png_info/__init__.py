"""Generation parameters in picture files: `extract` reads texts from bytes, `readers` make one record of them.

Own code, and not the `sd-parsers` package whose order of work it follows: that one wants Pillow 10.4, which the WebUI
does not have, decodes every picture it is asked about, and sets no bounds to what it unpacks.
"""
