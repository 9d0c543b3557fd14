// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// The bytes of a TensorBoard event file: TFRecord frames (length and payload, each with its masked
/// CRC-32C) around Event messages of TensorFlow's event.proto. Scalars are tensors of doubles for
/// the plugin "scalars": its older 32-bit field would round them. Steps must not fall within a tag:
/// TensorBoard drops what comes after.
class EventFile {
 public:
  /// `seconds`: when it began, since 1970.
  explicit EventFile(double seconds);

  void add_scalar(std::string_view tag, std::int64_t step, double value);
  /// A PNG file.
  void add_image(std::string_view tag, std::int64_t step, std::string_view png);

  const std::string& bytes() const { return bytes_; }

 private:
  void add_event(std::int64_t step, std::string_view field);
  void add_record(std::string_view payload);

  double seconds_;
  std::string bytes_;
};

}  // namespace assay
