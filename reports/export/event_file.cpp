// SPDX-License-Identifier: Apache-2.0
#include "reports/export/event_file.h"

#include <bit>
#include <boost/crc.hpp>

namespace assay {
namespace {

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2 };

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFF);
  return text;
}

// Protocol Buffers' variable-length integers: seven bits a byte, the lowest first.
std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7F) | 0x80);
  return text + static_cast<char>(value);
}

std::string key(int field, WireType type) {
  return varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
}
std::string integer_field(int field, std::int64_t value) {
  return key(field, kVarint) + varint(static_cast<std::uint64_t>(value));
}
std::string double_field(int field, double value) {
  return key(field, kFixed64) + little_endian(std::bit_cast<std::uint64_t>(value), 8);
}
std::string bytes_field(int field, std::string_view value) {
  return key(field, kBytes) + varint(value.size()) + std::string(value);
}

// SummaryMetadata: whose plugin shows it, and what kind of data it is.
std::string metadata(std::string_view plugin, std::int64_t data_class) {
  return bytes_field(9, bytes_field(1, bytes_field(1, plugin)) + integer_field(4, data_class));
}

std::uint32_t masked_crc(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;  // Castagnoli's
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t sum = crc.checksum();
  return ((sum >> 15) | (sum << 17)) + 0xA282EAD8U;
}

// PNG's own header tells the size: bytes 16 to 23, most significant first.
std::int64_t png_number(std::string_view png, std::size_t at) {
  std::int64_t value = 0;
  for (std::size_t i = at; i < at + 4 && i < png.size(); ++i)
    value = value << 8 | static_cast<unsigned char>(png[i]);
  return value;
}

}  // namespace

EventFile::EventFile(double seconds) : seconds_(seconds) {
  add_record(double_field(1, seconds_) + bytes_field(3, "brain.Event:2"));
}

void EventFile::add_scalar(std::string_view tag, std::int64_t step, double value) {
  constexpr std::int64_t kDouble = 2, kScalarClass = 1;
  const std::string tensor = integer_field(1, kDouble) + bytes_field(2, "") +
                             bytes_field(6, little_endian(std::bit_cast<std::uint64_t>(value), 8));
  add_event(step, bytes_field(1, tag) + bytes_field(8, tensor) + metadata("scalars", kScalarClass));
}

void EventFile::add_image(std::string_view tag, std::int64_t step, std::string_view png) {
  constexpr std::int64_t kRgb = 3;
  const std::string image = integer_field(1, png_number(png, 20)) +
                            integer_field(2, png_number(png, 16)) + integer_field(3, kRgb) +
                            bytes_field(4, png);
  add_event(step, bytes_field(1, tag) + bytes_field(4, image));
}

void EventFile::add_event(std::int64_t step, std::string_view value) {
  add_record(double_field(1, seconds_) + integer_field(2, step) +
             bytes_field(5, bytes_field(1, value)));
}

void EventFile::add_record(std::string_view payload) {
  const std::string length = little_endian(payload.size(), 8);
  bytes_ += length + little_endian(masked_crc(length), 4);
  bytes_ += payload;
  bytes_ += little_endian(masked_crc(payload), 4);
}

}  // namespace assay
