#!/usr/bin/env python3
"""Takes the weights of the extractor fmnist-cnn out of a checkpoint of experiments/extractor/fmnist_cnn.toml.

    ./assay run extractor/fmnist_cnn --db fmnist.sqlite
    ci/publish_fmnist_cnn.py fmnist.sqlite.checkpoints/*/000000300032.safetensors

Writes metrics/extractors/weights/fmnist-cnn.safetensors and prints its SHA-256, which belongs into
metrics/extractors/fmnist_cnn.h. New weights are a new protocol: every fd@fmnist-cnn changes with them."""
import hashlib
import json
import pathlib
import struct
import sys

TARGET = pathlib.Path(__file__).resolve().parent.parent / "metrics/extractors/weights/fmnist-cnn.safetensors"
PREFIX = "model/network."

source = pathlib.Path(sys.argv[1]).read_bytes()
(length,) = struct.unpack("<Q", source[:8])
header = json.loads(source[8 : 8 + length])
data = source[8 + length :]
tensors, body = {}, b""
for name in sorted(key for key in header if key.startswith(PREFIX)):
    entry = header[name]
    begin, end = entry["data_offsets"]
    tensors["classifier." + name[len(PREFIX) :]] = {**entry, "data_offsets": [len(body), len(body) + end - begin]}
    body += data[begin:end]
if not tensors:
    sys.exit(f"{sys.argv[1]}: holds no tensor named {PREFIX}…; is it a checkpoint of the family 'classifier'?")
text = json.dumps(tensors, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
TARGET.parent.mkdir(exist_ok=True)
TARGET.write_bytes(struct.pack("<Q", len(text)) + text + body)
print(f"{len(tensors)} tensors, {TARGET.stat().st_size} bytes, SHA-256 {hashlib.sha256(TARGET.read_bytes()).hexdigest()}")
