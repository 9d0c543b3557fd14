"""Features of DINOv2 and CLIP vision transformers by transformers 4.57.1 in f64, with hash-filled weights that C++ rebuilds: small ones
(two layers) and the true configurations of facebook/dinov2-small and openai/clip-vit-base-patch32. Writes vit_oracle.json."""
import json
import math
import types

import numpy as np
import torch
from make_inception_spatial import hashfill
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, Dinov2Config, Dinov2Model


def filled(name, shape):
    if name.endswith("lambda1"):
        return hashfill(name, shape, 0.5, 1.0)
    if "norm" in name or "layrnorm" in name:
        return hashfill(name, shape, 0.1, 1.0 if name.endswith("weight") else 0.0)
    if "token" in name or "position" in name or "class" in name:
        return hashfill(name, shape, 0.5)
    if name.endswith("bias"):
        return hashfill(name, shape, 0.1)
    return hashfill(name, shape, (3.0 / np.prod(shape[1:])) ** 0.5)


def offset_positions(self, embeddings, height, width):
    """Meta's own code (facebookresearch/dinov2, interpolate_offset=0.1), which dgm-eval and torch-fidelity load."""
    patch = self.position_embeddings[:, 1:].float()
    grid = math.isqrt(patch.shape[1])
    patch = patch.reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
    scale = tuple((side // self.patch_size + 0.1) / grid for side in (height, width))
    patch = torch.nn.functional.interpolate(patch, scale_factor=scale, mode="bicubic")
    patch = patch.permute(0, 2, 3, 1).flatten(1, 2).to(embeddings.dtype)
    return torch.cat((self.position_embeddings[:, :1], patch), dim=1)


def images(size):
    """[2,3,size,size] in about [-2,2]: a hash of the place."""
    return hashfill(f"images{size}", (2, 3, size, size), 2.0).double()


def fill(model):
    state = {name: filled(name, value.shape) for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    return model.double().eval(), {name: list(value.shape) for name, value in state.items()}


def case(model, size, heads, features, **more):
    model, shapes = fill(model)
    with torch.inference_mode():
        out = features(model, images(size))
    return {"size": size, "heads": heads, "shapes": shapes, "features": [[float(f"{x:.12g}") for x in row] for row in out.tolist()], **more}


def dinov2(config, size, offset):
    model = Dinov2Model(config)
    if offset:
        model.embeddings.interpolate_pos_encoding = types.MethodType(offset_positions, model.embeddings)
    return case(model, size, config.num_attention_heads, lambda m, x: m(x).pooler_output, position_offset=offset)


def clip(config):
    model = CLIPVisionModelWithProjection(config)
    return case(model, config.image_size, config.num_attention_heads, lambda m, x: m(x).image_embeds)


torch.manual_seed(0)
small = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "patch_size": 14}
oracle = {
    "dinov2_same_grid": dinov2(Dinov2Config(image_size=56, **small), 56, 0.0),
    "dinov2_other_grid": dinov2(Dinov2Config(image_size=98, **small), 56, 0.0),
    "dinov2_other_grid_offset": dinov2(Dinov2Config(image_size=98, **small), 56, 0.1),
    "dinov2_small": dinov2(Dinov2Config(hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14), 224, 0.1),
    "clip_two_layers": clip(CLIPVisionConfig(hidden_size=32, intermediate_size=64, projection_dim=24, num_hidden_layers=2,
                                             num_attention_heads=4, image_size=64, patch_size=16)),
    "clip_base_patch32": clip(CLIPVisionConfig(hidden_size=768, intermediate_size=3072, projection_dim=512, num_hidden_layers=12,
                                               num_attention_heads=12, image_size=224, patch_size=32)),
}
with open("vit_oracle.json", "w") as out:
    out.write("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in oracle.items()) + "\n}\n")
