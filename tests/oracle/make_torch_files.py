"""Small files of torch.save (2.11.0) in both formats, for tests/ci/convert_weights_test.py. Run here: python3 make_torch_files.py"""
import collections
import os

import torch


class Foreign:
    """Pickles as a call of os.getcwd: harmless, but what an attack looks like."""

    def __reduce__(self):
        return os.getcwd, ()


both = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2))
state = net.state_dict()  # an OrderedDict with _metadata, as published files are
for i, value in enumerate(state.values()):
    if value.is_floating_point():
        value.copy_(torch.arange(value.numel(), dtype=torch.float32).reshape(value.shape) + i)
state["1.num_batches_tracked"].fill_(7)
state["shared"] = both
state["shared_column"] = both[:, 1]
state["transposed"] = both.t()
state["empty"] = torch.zeros(0, 3)

for name, zipped in (("zip", True), ("legacy", False)):
    def save(content, what):
        torch.save(content, f"{what}_{name}.pth", _use_new_zipfile_serialization=zipped)
    save(state, "state_dict")
    save(collections.OrderedDict(a=torch.ones(1), b=Foreign()), "foreign_global")
    save(collections.OrderedDict(a=torch.ones(2, dtype=torch.float16)), "half_storage")
    save([torch.ones(1)], "list")
