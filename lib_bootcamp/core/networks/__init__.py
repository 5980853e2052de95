"""Network files (LoRA and its kin): what their tensors are called, what they state of themselves, where they lie."""
