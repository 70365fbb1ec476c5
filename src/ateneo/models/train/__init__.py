"""Training: a ViT, a CLIP or a diffusion model from pictures with classes or captions."""
