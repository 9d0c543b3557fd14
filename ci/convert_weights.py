#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts weights that PyTorch's torch.save wrote (.pt, .pth) to safetensors, which assay reads.

    ci/convert_weights.py [--stylegan2] IN OUT.safetensors

IN is a state dict of f32 and i64 tensors, in the zip format or the one before it. It is a pickle,
which can run any code when it is loaded the usual way. Here a restricted unpickler resolves four
names only, each to a function of this file. Needs Python's standard library alone.

With --stylegan2 IN is the state dict of a generator or discriminator of NVlabs/stylegan2-ada-pytorch
(torch.save(G_ema.state_dict(), IN), by that code, which its pickles need), and OUT has the names of
assay's network of the same architecture (src/nn/files/README.md).

OUT's metadata name the SHA-256 of IN (source_sha256), by which scores know these weights, and that
of the tensors' bytes (tensors_sha256), by which damage is noticed. Of a file in CONVERTED the whole
result is known instead: its SHA-256 must be the one that stands here and in metrics/extractors/.
Prints the SHA-256 of IN.
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

# SHA-256 of IN: that of OUT, which then has no metadata. EfficientNet-Lite0's.
CONVERTED = {
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db":
        "8a580302e897a8279e26041bdd13eb4575a78d96cddc84b1963661ea2b3c6a75",
}
MAX_BYTES = 4 << 30
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
# safetensors name, bytes per element
STORAGE_TYPES = {"FloatStorage": ("F32", 4), "LongStorage": ("I64", 8)}

Storage = collections.namedtuple("Storage", "key type elements")
Tensor = collections.namedtuple("Tensor", "storage offset shape stride")


def rebuild_tensor(storage, offset, shape, stride, *_):
    """Stands for torch._utils._rebuild_tensor_v2."""
    numbers = (offset, *shape, *stride)
    if not isinstance(storage, Storage) or not all(isinstance(n, int) and n >= 0 for n in numbers):
        raise pickle.UnpicklingError("a tensor is not of a storage and numbers")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride))
    if len(shape) != len(stride) or (0 not in shape and last >= storage.elements):
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
            raise pickle.UnpicklingError(f"it names '{module} {name}', which could be code")
        return self.NAMES[(module, name)]

    def persistent_load(self, reference):
        kind, storage_type, key, _device, elements = reference[:5]
        if kind != "storage" or storage_type not in STORAGE_TYPES:
            raise pickle.UnpicklingError(f"it refers to a {kind} of {storage_type}")
        return Storage(key, storage_type, elements)


def state_dict(loaded):
    named = isinstance(loaded, dict) and all(isinstance(name, str) for name in loaded)
    if not named or not all(isinstance(tensor, Tensor) for tensor in loaded.values()):
        raise pickle.UnpicklingError("it holds no state dict")
    return loaded


def of_generator(name):
    if name == "mapping.w_avg":
        return "mean_style"
    if name.startswith(("mapping.", "synthesis.")):
        return f"0.{name}"
    raise ValueError(f"its generator holds '{name}', which that of StyleGAN2 has not")


def of_discriminator(name, sides):
    """The first block's layer from the image and the last block's layers stand by themselves here."""
    block, _, layer = name.partition(".")
    if block == f"b{sides[-1]}" and layer.startswith("fromrgb."):
        return layer
    if block == "b4" and layer.startswith(("conv.", "fc.", "out.")):
        return layer
    if block in [f"b{side}" for side in sides[1:]] and layer.startswith(("conv0.", "conv1.", "skip.")):
        return name
    raise ValueError(f"its discriminator holds '{name}', which an unconditional one of StyleGAN2 has not")


def check_filter(name, tensor, storages):
    taps = (1.0, 3.0, 3.0, 1.0)
    found = array.array("f", contiguous_bytes(tensor, storages))
    if tensor.shape != (4, 4) or list(found) != [a * b / 64 for a in taps for b in taps]:
        raise ValueError(f"'{name}' is not the filter [1, 3, 3, 1], the only one that assay has")


def from_stylegan2(state, storages):
    """The same tensors under the names of assay's networks."""
    generator = any(name.startswith("synthesis.") for name in state)
    renamed = {}
    blocks = {name.split(".")[0] for name in state}
    sides = sorted(int(block[1:]) for block in blocks if block[:1] == "b" and block[1:].isdigit())
    if not generator and "b4.conv.weight" not in state:
        raise ValueError("it holds neither 'synthesis.…' nor 'b4.conv.weight': no network of StyleGAN2")
    for name, tensor in state.items():
        if name.endswith("resample_filter"):
            check_filter(name, tensor, storages)
            continue
        renamed[of_generator(name) if generator else of_discriminator(name, sides)] = tensor
    return renamed


def check_length(storage, data):
    if len(data) != storage.elements * STORAGE_TYPES[storage.type][1]:
        raise pickle.UnpicklingError(f"storage {storage.key} is cut short")


def read_zip(data):
    """The tensors of the zip format: one folder with data.pkl, byteorder, data/KEY."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise pickle.UnpicklingError("it has no data.pkl")
        folder = pickles[0][: -len("data.pkl")]
        order = f"{folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise pickle.UnpicklingError("its bytes are not little-endian")
        state = state_dict(RestrictedUnpickler(io.BytesIO(archive.read(pickles[0]))).load())
        storages = {}
        for storage in {tensor.storage for tensor in state.values()}:
            storages[storage.key] = archive.read(f"{folder}data/{storage.key}")
            check_length(storage, storages[storage.key])
    return state, storages


def read_legacy(data):
    """The tensors of the format before: magic, protocol, system, state dict, storage keys, storages."""
    stream = io.BytesIO(data)
    magic, protocol, system, state, keys = (RestrictedUnpickler(stream).load() for _ in range(5))
    if magic != LEGACY_MAGIC or protocol != LEGACY_PROTOCOL or not system["little_endian"]:
        raise pickle.UnpicklingError("it is no little-endian file of torch.save")
    known = {tensor.storage.key: tensor.storage for tensor in state_dict(state).values()}
    storages = {}
    for key in keys:
        (elements,) = struct.unpack("<q", stream.read(8))
        if elements != known[key].elements:
            raise pickle.UnpicklingError(f"storage {key} has {elements} elements")
        storages[key] = stream.read(elements * STORAGE_TYPES[known[key].type][1])
        check_length(known[key], storages[key])
    if stream.read(1):
        raise pickle.UnpicklingError("bytes follow the last storage")
    return state, storages


def contiguous_bytes(tensor, storages):
    """The tensor's elements in row-major order, whatever its strides."""
    _, width = STORAGE_TYPES[tensor.storage.type]
    data = storages[tensor.storage.key]
    steps, count = [], 1
    for size in reversed(tensor.shape):
        steps.insert(0, count)
        count *= size
    if all(size == 1 or a == b for size, a, b in zip(tensor.shape, steps, tensor.stride)):
        return data[tensor.offset * width : (tensor.offset + count) * width]
    places = [tensor.offset]
    for size, step in zip(tensor.shape, tensor.stride):
        places = [place + i * step for place in places for i in range(size)]
    code = "I" if width == 4 else "Q"
    elements = memoryview(data).cast(code)
    return array.array(code, [elements[place] for place in places]).tobytes()


def to_safetensors(state, storages, source_sha256):
    """As src/nn/files/safetensors.cpp writes it: names sorted, no gaps, header padded to eight bytes."""
    header, body, offset = {}, [], 0
    for name in sorted(state):
        if name.endswith("num_batches_tracked"):
            continue  # Counts training steps; nothing reads it.
        tensor = state[name]
        part = contiguous_bytes(tensor, storages)
        header[name] = {
            "data_offsets": [offset, offset + len(part)],
            "dtype": STORAGE_TYPES[tensor.storage.type][0],
            "shape": list(tensor.shape),
        }
        body.append(part)
        offset += len(part)
    body = b"".join(body)
    if source_sha256 not in CONVERTED:
        header["__metadata__"] = {
            "source_sha256": source_sha256,
            "tensors_sha256": hashlib.sha256(body).hexdigest(),
        }
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def convert(data, stylegan2=False):
    source_sha256 = hashlib.sha256(data).hexdigest()
    state, storages = read_zip(data) if data.startswith(b"PK\x03\x04") else read_legacy(data)
    if stylegan2:
        state = from_stylegan2(state, storages)
    result = to_safetensors(state, storages, source_sha256)
    digest = hashlib.sha256(result).hexdigest()
    if digest != CONVERTED.get(source_sha256, digest):
        raise ValueError(f"the conversion gave SHA-256 {digest} instead of "
                         f"{CONVERTED[source_sha256]}: this script was changed without its digest")
    return result, source_sha256


def write_atomically(path, data):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def main(arguments):
    stylegan2 = arguments[:1] == ["--stylegan2"]
    if stylegan2:
        arguments = arguments[1:]
    if len(arguments) != 2:
        sys.exit(__doc__)
    source, target = arguments
    try:
        with open(source, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as problem:
        sys.exit(f"{source}: cannot be read: {problem}")
    try:
        if len(data) > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES} bytes")
        result, digest = convert(data, stylegan2)
    except Exception as problem:  # What damage does to a pickle has no end of kinds.
        sys.exit(f"{source}: not a file of weights that is read here: {problem}; download it again")
    write_atomically(target, result)
    print(f"{digest}  {source}")


if __name__ == "__main__":
    main(sys.argv[1:])
