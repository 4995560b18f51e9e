"""Quantisation-aware training: the NPU's arithmetic in torch, a short fine-tune through it, and a float control."""
