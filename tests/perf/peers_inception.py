"""The peer of inception_perf.cpp: torch-fidelity 0.4.0's FeatureExtractorInceptionV3 on the same images with the same weights,
two threads; see ci/perf."""
import json
import pathlib
import sys
from unittest import mock

import numpy as np
import torch
import torch_fidelity.feature_extractor_inceptionv3 as peer

from repeat import repeat_on_demand

ORACLE = pathlib.Path(__file__).resolve().parent.parent / "oracle"
sys.path.insert(0, str(ORACLE))
from make_inception_spatial import filled  # noqa: E402

torch.set_num_threads(2)
shapes = json.loads((ORACLE / "inception_shapes.json").read_text())
state = {name: filled(name, shape) for name, shape in shapes.items()}
with mock.patch.object(peer, "load_state_dict_from_url", lambda *a, **k: state):
    network = peer.FeatureExtractorInceptionV3("inception-v3-compat", ["2048", "logits_unbiased"])
places = np.arange(16 * 3 * 299 * 299, dtype=np.uint32)
images = torch.from_numpy((places * np.uint32(2654435761) >> np.uint32(24)).astype(np.uint8).reshape(16, 3, 299, 299))



def features():
    found, logits = network(images)
    return [found.double().sum().item(), logits.double().square().sum().item()]


with torch.inference_mode():
    features()  # warm-up
    repeat_on_demand(features)
