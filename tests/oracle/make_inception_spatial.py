"""sFID's features by torch-fidelity 0.4.0's network with hash-filled weights (make_fixtures2.py): the first 7 channels of
Mixed_6d.branch1x1, rows x columns x channels as TensorFlow's mixed_6/conv:0 holds them. Writes inception_spatial.json."""
import json
from unittest import mock

import numpy as np
import torch
import torch_fidelity.feature_extractor_inceptionv3 as peer


def hashfill(name, shape, scale, offset=0.0):  # as make_fixtures2.py
    h = 2166136261
    for c in name.encode():
        h = ((h ^ c) * 16777619) & 0xFFFFFFFF
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    v = (np.uint64(h) * np.uint64(2654435761) + i * np.uint64(40503) * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    v ^= v >> np.uint64(15)
    v = (v * np.uint64(2246822519)) & np.uint64(0xFFFFFFFF)
    v ^= v >> np.uint64(13)
    v = ((v >> np.uint64(8)).astype(np.float64) / 2**24 - 0.5) * 2 * scale + offset
    return torch.from_numpy(v).float().reshape(shape)


def filled(name, shape):
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    if name.endswith("conv.weight"):
        return hashfill(name, shape, (6.0 / np.prod(shape[1:])) ** 0.5)
    if name.endswith(("bn.weight", "running_var")):
        return hashfill(name, shape, 0.2, 1.0)
    return hashfill(name, shape, (3.0 / 2048) ** 0.5 if name == "fc.weight" else 0.1)


def summ(t):
    t = t.double().flatten()
    return {"mean": t.mean().item(), "sumsq": (t * t).sum().item(), "first8": t[:8].tolist(), "last4": t[-4:].tolist()}


if __name__ == "__main__":
    state = {name: filled(name, shape) for name, shape in json.load(open("inception_shapes.json")).items()}
    with mock.patch.object(peer, "load_state_dict_from_url", lambda *a, **k: state):
        network = peer.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    network.to(torch.float64).feature_extractor_internal_dtype = torch.float64
    seen = []
    network.Mixed_6d.branch1x1.register_forward_hook(lambda module, x, y: seen.append(y))
    with torch.inference_mode():
        network(torch.from_numpy(np.load("images_small.npz")["img32"]))
    spatial = seen[0][:, :7].permute(0, 2, 3, 1).flatten(1)
    assert spatial.shape == (2, 2023)
    json.dump(summ(spatial), open("inception_spatial.json", "w"), indent=0)
