#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A DCGAN's weights out to a PyTorch module that makes the same images, and a PyTorch module's weights in.

    pytorch_weights_test.py ASSAY

ASSAY is the built program. Needs PyTorch: this Python's, or that of `ci/perf --setup`; exits with 77, which CTest shows
as skipped, if there is none. The module below is written from Radford et al. 2016 with a linear first layer, in
PyTorch's own layers alone; latents are drawn as sample 0, 1, … of the stream that `assay sample --seed 0` draws from.
"""
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

CACHE = pathlib.Path(os.environ.get("ASSAY_CACHE", pathlib.Path.home() / ".cache/assay"))
PEERS = CACHE / "perf/venv/bin/python"

try:
    import numpy as np
    import torch
    from torch import nn
except ImportError:
    if PEERS.exists() and os.environ.get("ASSAY_PEER") != "1":
        os.execve(PEERS, [PEERS, *sys.argv], {**os.environ, "ASSAY_PEER": "1"})
    print("SKIPPED: no PyTorch here; `ci/perf --setup` installs one")
    sys.exit(77)

SIDE, LATENT, COUNT = 8, 6, 12
DEFINITION = f"""
family = "gan"
dataset.name = "generated_images"
dataset.size = {SIDE}
dataset.count = 64
train.batch_size = 16
train.images = 320
train.log_every_images = 320
train.checkpoint_every_images = 320
optimizer.learning_rate = 1e-3
ema.decay = 0.9
model.initial_sd = 0.3
model.network = "dcgan"
model.latent_dim = {LATENT}
model.generator_channels = [8, 4]
model.discriminator_channels = [4, 8]
eval.metrics = ["fd"]
eval.extractor = "pixels"
eval.generated = 40
eval.reference_count = 40
eval.every_images = 0
eval.untrained = false
"""
# PyTorch's name of an element type, and safetensors'.
TYPES = {"F32": torch.float32, "I64": torch.int64}


def dcgan(channels):
    generator = nn.Sequential(
        nn.Linear(LATENT, 32, bias=False), nn.Unflatten(1, (8, 2, 2)), nn.BatchNorm2d(8), nn.ReLU(),
        nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, channels, 4, 2, 1), nn.Tanh())
    discriminator = nn.Sequential(
        nn.Conv2d(channels, 4, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(4, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(32, 1))
    return generator, discriminator


def load(file):
    data = file.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8:8 + length]), data[8 + length:]
    header.pop("__metadata__", None)
    return {name: torch.frombuffer(bytearray(body[slice(*t["data_offsets"])]), dtype=TYPES[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


def save(file, state):
    header, body = {}, b""
    for name, value in sorted(state.items()):
        part = value.contiguous().numpy().tobytes()
        kind = {dtype: name for name, dtype in TYPES.items()}[value.dtype]
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(part)]}
        body += part
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write_bytes(struct.pack("<Q", len(text)) + text + body)


def latents(seed, stream):
    digest = hashlib.sha256(b"assay stream v1\0" + str(seed).encode() + b"\0" + stream.encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))
    return torch.stack([torch.empty(LATENT).normal_(generator=generator) for _ in range(COUNT)])


def images(generator):
    with torch.no_grad():
        return (generator.eval()(latents(0, "sample")).permute(0, 2, 3, 1).double() + 1) * 127.5


def compare(what, generator, file):
    found = np.load(file)["arr_0"].astype(np.float64)
    exact = images(generator).numpy().reshape(found.shape)
    # Rounded to one of 256 levels, of numbers that agree to a few units of the last place.
    largest = np.abs(found - exact).max()
    assert largest < 0.51, f"{what}: images differ by {largest} of 255"
    assert exact.std() > 1, f"{what}: images show nothing"
    print(f"{what}: {COUNT} images agree, to {largest:.4f} of 255")


def main(assay):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        definition, pictures = folder / "gan.toml", folder / "s.npz"
        definition.write_text(DEFINITION)
        call = lambda *words: subprocess.run([assay, *map(str, words), "--db", folder / "a.sqlite", "--quiet"], check=True,
                                             stdout=subprocess.DEVNULL)
        sample = lambda *words: (pictures.unlink(missing_ok=True), call("sample", *words, "--count", COUNT, "--out", pictures))
        call("run", definition, "--seeds", 0, "--report", folder / "r.html")
        call("export", 1, "--format", "safetensors", "--out", folder / "out")
        exported = next((folder / "out").rglob("generator.safetensors")).parent

        stored = load(exported / "generator.safetensors")
        generator, discriminator = dcgan(stored["7.weight"].shape[1])
        generator.load_state_dict(stored)  # strict: every name is PyTorch's, and every shape
        discriminator.load_state_dict(load(exported / "discriminator.safetensors"))
        sample(1)
        compare("weights out", generator, pictures)

        torch.manual_seed(5)
        other, _ = dcgan(stored["7.weight"].shape[1])
        for _ in range(3):
            other(torch.randn(16, LATENT))  # statistics of its own
        save(folder / "other.safetensors", other.state_dict())
        sample(folder / "other.safetensors", "--definition", definition)
        compare("weights in", other, pictures)
        call("eval", "--generated", folder / "other.safetensors", "--definition", definition)


if __name__ == "__main__":
    main(sys.argv[1])
