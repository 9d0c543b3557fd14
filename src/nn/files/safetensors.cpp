// SPDX-License-Identifier: Apache-2.0
#include "nn/files/safetensors.h"

#include <ATen/Functions.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = std::size_t{8} << 20;
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 30;
constexpr std::size_t kMaxDimensions = 32;
constexpr std::string_view kMetadataKey = "__metadata__";

struct TypeName {
  std::string_view name;
  at::ScalarType type;
};

constexpr std::array<TypeName, 8> kTypes{{{"F32", at::kFloat},
                                          {"F64", at::kDouble},
                                          {"F16", at::kHalf},
                                          {"BF16", at::kBFloat16},
                                          {"I64", at::kLong},
                                          {"I32", at::kInt},
                                          {"U8", at::kByte},
                                          {"BOOL", at::kBool}}};

std::string_view name_of(at::ScalarType type) {
  for (const auto& known : kTypes) {
    if (known.type == type) return known.name;
  }
  TORCH_CHECK(false, "safetensors: no name for tensors of type ", type);
}

[[noreturn]] void fail(const std::string& label, const std::string& why) {
  throw Error(
      fmt::format("{}: not a whole safetensors file: {}; restore it or make it again", label, why),
      ExitCode::kDamaged);
}

void append_length(std::string& out, std::uint64_t length) {
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    out.push_back(static_cast<char>((length >> (8 * i)) & 0xFF));
  }
}

std::uint64_t read_length(std::string_view bytes) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return length;
}

// One tensor as the header describes it, checked against the file's size and its own shape.
struct Entry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::uint64_t unsigned_number(const nlohmann::json& value, const std::string& label,
                              const std::string& where) {
  if (!value.is_number_unsigned()) fail(label, fmt::format("{} is not a count", where));
  return value.get<std::uint64_t>();
}

at::ScalarType parse_type(const nlohmann::json& entry, const std::string& label,
                          const std::string& name) {
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) {
    fail(label, fmt::format("tensor '{}' has no dtype", name));
  }
  const auto& text = dtype->get_ref<const std::string&>();
  for (const auto& known : kTypes) {
    if (known.name == text) return known.type;
  }
  fail(label, fmt::format("tensor '{}' has the unknown type '{:.20}'", name, text));
}

std::vector<std::int64_t> parse_shape(const nlohmann::json& entry, const std::string& label,
                                      const std::string& name) {
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array() || shape->size() > kMaxDimensions) {
    fail(label, fmt::format("tensor '{}' has no shape", name));
  }
  std::vector<std::int64_t> sizes;
  std::uint64_t elements = 1;
  for (const auto& item : *shape) {
    const auto size = unsigned_number(item, label, fmt::format("the shape of '{}'", name));
    // A zero may not hide a product that overflows.
    const auto factor = std::max<std::uint64_t>(size, 1);
    if (factor > kMaxFileBytes / elements) {
      fail(label, fmt::format("tensor '{}' has an impossible shape", name));
    }
    elements *= factor;
    sizes.push_back(static_cast<std::int64_t>(size));
  }
  return sizes;
}

Entry parse_entry(const std::string& name, const nlohmann::json& entry, std::size_t data_bytes,
                  const std::string& label) {
  if (!entry.is_object()) fail(label, fmt::format("tensor '{}' is not described", name));
  Entry parsed{name, parse_type(entry, label, name), parse_shape(entry, label, name)};
  const auto offsets = entry.find("data_offsets");
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2) {
    fail(label, fmt::format("tensor '{}' has no data_offsets", name));
  }
  const auto where = fmt::format("an offset of '{}'", name);
  const auto begin = unsigned_number((*offsets)[0], label, where);
  const auto end = unsigned_number((*offsets)[1], label, where);
  if (begin > end || end > data_bytes) {
    fail(label, fmt::format("tensor '{}' lies at bytes {} to {} of {}: the file was cut short or "
                            "its header is wrong",
                            name, begin, end, data_bytes));
  }
  std::uint64_t bytes = c10::elementSize(parsed.type);
  for (const auto size : parsed.shape) bytes *= static_cast<std::uint64_t>(size);
  if (bytes != end - begin) {
    fail(label, fmt::format("tensor '{}' needs {} bytes, {} are given", name, bytes, end - begin));
  }
  parsed.begin = begin;
  parsed.end = end;
  return parsed;
}

// Every byte after the header belongs to exactly one tensor.
void check_layout(std::vector<Entry>& entries, std::size_t data_bytes, const std::string& label) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::size_t expected = 0;
  for (const auto& entry : entries) {
    if (entry.begin != expected) {
      fail(label, fmt::format("tensor '{}' {} at byte {}", entry.name,
                              entry.begin < expected ? "overlaps its neighbour" : "leaves a gap",
                              entry.begin));
    }
    expected = entry.end;
  }
  if (expected != data_bytes) {
    fail(label, fmt::format("{} bytes follow the last tensor", data_bytes - expected));
  }
}

nlohmann::json parse_header(std::string_view text, const std::string& label) {
  // Names are unique in a file; nlohmann would silently keep the last of two.
  std::vector<std::string> names;
  const auto collect = [&names](int depth, nlohmann::json::parse_event_t event,
                                nlohmann::json& parsed) {
    constexpr int kTopLevel = 1;
    if (event == nlohmann::json::parse_event_t::key && depth == kTopLevel) {
      names.push_back(parsed.get<std::string>());
    }
    return true;
  };
  const auto header = nlohmann::json::parse(text, collect, /*allow_exceptions=*/false);
  if (header.is_discarded() || !header.is_object()) fail(label, "its header is no JSON object");
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail(label, fmt::format("'{}' occurs twice", *twice));
  return header;
}

TensorMetadata parse_metadata(const nlohmann::json& value, const std::string& label) {
  if (!value.is_object()) fail(label, "its __metadata__ is no object");
  TensorMetadata metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) fail(label, fmt::format("metadata '{}' is no text", key));
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

}  // namespace

std::string to_safetensors(const TensorMap& tensors, const TensorMetadata& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[std::string(kMetadataKey)] = metadata;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    TORCH_CHECK(name != kMetadataKey, "safetensors: a tensor may not be named ", name);
    TORCH_CHECK(tensor.defined(), "safetensors: tensor '", name, "' is undefined");
    const std::size_t end = offset + tensor.nbytes();
    header[name] = {{"dtype", name_of(tensor.scalar_type())},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  // As the reference writer does: data start at a multiple of eight.
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  TORCH_CHECK(text.size() <= kMaxHeaderBytes, "safetensors: header of ", text.size(), " bytes");
  std::string out;
  out.reserve(kLengthBytes + text.size() + offset);
  append_length(out, text.size());
  out += text;
  for (const auto& [name, tensor] : tensors) {
    const auto flat = tensor.detach().cpu().contiguous();
    out.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
  }
  return out;
}

TensorFile from_safetensors(std::string_view bytes, const std::string& label) {
  if (bytes.size() < kLengthBytes) {
    fail(label, fmt::format("it holds {} bytes", bytes.size()));
  }
  const auto header_bytes = read_length(bytes);
  if (header_bytes > kMaxHeaderBytes) {
    fail(label, fmt::format("a header of {} bytes, more than {}", header_bytes, kMaxHeaderBytes));
  }
  if (header_bytes > bytes.size() - kLengthBytes) {
    fail(label, fmt::format("its header of {} bytes is cut short", header_bytes));
  }
  const auto header = parse_header(bytes.substr(kLengthBytes, header_bytes), label);
  const auto data = bytes.substr(kLengthBytes + header_bytes);
  TensorFile file;
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadataKey) {
      file.metadata = parse_metadata(value, label);
    } else {
      entries.push_back(parse_entry(name, value, data.size(), label));
    }
  }
  check_layout(entries, data.size(), label);
  for (const auto& entry : entries) {
    auto tensor = at::empty(entry.shape, at::TensorOptions(entry.type));
    const auto source = data.substr(entry.begin, entry.end - entry.begin);
    if (!source.empty()) std::memcpy(tensor.mutable_data_ptr(), source.data(), source.size());
    file.tensors.emplace(entry.name, std::move(tensor));
  }
  return file;
}

std::string save_safetensors(const std::filesystem::path& file, const TensorMap& tensors,
                             const TensorMetadata& metadata) {
  const std::string bytes = to_safetensors(tensors, metadata);
  write_file_atomically(file, bytes);
  return sha256_hex(bytes);
}

TensorFile load_safetensors(const std::filesystem::path& file) {
  return from_safetensors(read_file(file, kMaxFileBytes), file.string());
}

}  // namespace assay
