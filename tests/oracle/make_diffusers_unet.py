"""U-Nets of diffusers, for tests/families/diffusers_unet_test.cpp: names and shapes of their weights, their configuration,
what they return for weights that the tests form again (filled.h, in the order of the names), and their multiply-adds by
PyTorch's own counter.

    python -m venv V && V/bin/pip install torch==2.11.0 diffusers==0.35.2 && V/bin/python make_diffusers_unet.py

Writes diffusers_unet.json beside this file. With --load FOLDER it reads what `assay export --names diffusers` has written
there, names and configuration, and prints what that U-Net returns.
"""
import json
import pathlib
import sys

import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel, UNet2DModel
from torch.utils.flop_counter import FlopCounterMode

from filled import filled

SIDE, COUNT = 8, 2

# The first is Ho et al.'s, additive, of one head; the second scales and shifts, is told classes, has heads of 4 channels and
# returns a variance, too; the third looks at a token by two heads of each level, the
# fourth by heads of 8 channels, scaled and shifted.
CASES = {
    "ddpm": dict(in_channels=1, out_channels=1, freq_shift=1, flip_sin_to_cos=False, attention_head_dim=None,
                 resnet_time_scale_shift="default"),
    "film": dict(in_channels=3, out_channels=6, freq_shift=0, flip_sin_to_cos=True, attention_head_dim=4,
                 resnet_time_scale_shift="scale_shift", num_class_embeds=4),
    "cross": dict(in_channels=1, out_channels=1, freq_shift=1, flip_sin_to_cos=False, attention_head_dim=2,
                  cross_attention_dim=32, resnet_time_scale_shift="default"),
    "cross_film": dict(in_channels=1, out_channels=1, freq_shift=0, flip_sin_to_cos=True, attention_head_dim=(1, 2),
                       cross_attention_dim=32, resnet_time_scale_shift="scale_shift"),
}
TOKENS = "token_embedding.weight"  # outside of the U-Net: of three classes and of none


def unet(config):
    if "cross_attention_dim" in config:
        return UNet2DConditionModel(sample_size=SIDE, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
                                    norm_eps=1e-5, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                                    up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **config)
    # Without attn_norm_num_groups the middle's attention of "scale_shift" has no normalisation.
    return UNet2DModel(sample_size=SIDE, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
                       attn_norm_num_groups=4, norm_eps=1e-5, down_block_types=("DownBlock2D", "AttnDownBlock2D"),
                       up_block_types=("AttnUpBlock2D", "UpBlock2D"), **config)


def rounded(tensor):
    return [round(value, 7) for value in tensor.flatten().tolist()]


def products(work):
    counter = FlopCounterMode(display=False)
    with counter:
        work()
    assert counter.get_total_flops() % 2 == 0
    return counter.get_total_flops() // 2


def attention_by_products(query, key, value, **_):
    """The counter does not know the CPU's fused attention."""
    return torch.softmax(query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5, -1) @ value


def case(config):
    network = unet(config).train()
    weights = dict(network.state_dict())
    if "cross_attention_dim" in config:
        weights[TOKENS] = torch.empty(4, 32)
    names = sorted(weights)
    with torch.no_grad():
        for phase, name in enumerate(names):
            weights[name].copy_(filled(weights[name].shape, phase, 0.3))
    x = filled((COUNT, config["in_channels"], SIDE, SIDE), 0.5)
    t = torch.tensor([3, 71])
    told = dict(class_labels=torch.tensor([2, 0])) if "num_class_embeds" in config else {}
    if "cross_attention_dim" in config:
        told = dict(encoder_hidden_states=weights[TOKENS][[2, 0]].unsqueeze(1).requires_grad_())
    result = {"names": {name: list(weights[name].shape) for name in names},
              "config": {key: value for key, value in network.config.items() if not key.startswith("_")},
              "output": rounded(network(x, t, **told).sample)}
    F.scaled_dot_product_attention = attention_by_products
    result["forward_multiply_adds"] = products(lambda: network(x, t, **told))
    loss = network(x, t, **told).sample.sum()
    result["backward_multiply_adds"] = products(loss.backward)
    return result


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--load":
        network = UNet2DModel.from_pretrained(sys.argv[2]).eval()
        x = filled((COUNT, network.config.in_channels, SIDE, SIDE), 0.5)
        with torch.no_grad():
            print(json.dumps(rounded(network(x, torch.tensor([3, 71])).sample)))
        return
    fixture = {name: case(config) for name, config in CASES.items()}
    path = pathlib.Path(__file__).with_name("diffusers_unet.json")
    path.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


main()
