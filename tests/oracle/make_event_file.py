#!/usr/bin/env python3
"""The bytes of a small TensorBoard event file, by TensorBoard's own protocol buffers and record writer.

  python3 tests/oracle/make_event_file.py tests/oracle/event_file.tfevents  # tensorboard 2.21.0, protobuf 7.36.2
"""
import io
import struct
import sys
import zlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

SECONDS = 1764374400.0


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + bytes((x * 16 + y) % 256 for x in range(width)) for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def scalar(tag, step, value):
    metadata = summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars"),
        data_class=summary_pb2.DATA_CLASS_SCALAR)
    tensor = tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, tensor_shape=tensor_shape_pb2.TensorShapeProto(),
                                    double_val=[value])
    return event_pb2.Event(wall_time=SECONDS, step=step, summary=summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)]))


def image(tag, step, data, width, height):
    return event_pb2.Event(wall_time=SECONDS, step=step, summary=summary_pb2.Summary(
        value=[summary_pb2.Summary.Value(tag=tag, image=summary_pb2.Summary.Image(
            height=height, width=width, colorspace=3, encoded_image_string=data))]))


buffer = io.BytesIO()
writer = RecordWriter(buffer)
for event in (event_pb2.Event(wall_time=SECONDS, file_version="brain.Event:2"),
              scalar("loss/kl_nats", 128, 0.1), scalar("loss/kl_nats", 60000, -2.5e-300),
              scalar("metric/fd@pixels", 60000, float("nan")), image("samples", 300, png(3, 2), 3, 2)):
    writer.write(event.SerializeToString())
writer.flush()
with open(sys.argv[1], "wb") as out:
    out.write(buffer.getvalue())
