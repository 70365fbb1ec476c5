"""The models: ViT, CLIP, diffusion and guidance in torch. Needs `ateneo[models]`; imports nothing else of Ateneo."""
