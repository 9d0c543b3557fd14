// SPDX-License-Identifier: Apache-2.0
#include "data/npy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;

struct NpyType {
  std::string_view name;  // without the byte order
  at::ScalarType stored;  // of its bits
  at::ScalarType given;   // to whoever reads it
};

constexpr std::array<NpyType, 12> kTypes{{{"u1", at::kByte, at::kByte},
                                          {"f4", at::kFloat, at::kFloat},
                                          {"f8", at::kDouble, at::kDouble},
                                          {"i8", at::kLong, at::kLong},
                                          {"b1", at::kBool, at::kBool},
                                          {"f2", at::kHalf, at::kFloat},
                                          {"i1", at::kChar, at::kLong},
                                          {"i2", at::kShort, at::kLong},
                                          {"i4", at::kInt, at::kLong},
                                          {"u2", at::kShort, at::kLong},
                                          {"u4", at::kInt, at::kLong},
                                          {"u8", at::kLong, at::kLong}}};

[[noreturn]] void fail(const std::string& label, const std::string& why) {
  throw Error(fmt::format("{}: {}; write it again with numpy.save or numpy.savez", label, why));
}

const NpyType& type_of(const std::string& descr, const std::string& label) {
  constexpr std::string_view kByteOrders = "<>|=";
  if (descr.size() == 3 && kByteOrders.find(descr[0]) != std::string_view::npos) {
    for (const auto& known : kTypes) {
      if (descr.ends_with(known.name)) return known;
    }
  }
  fail(label,
       fmt::format("has the type '{:.20}'; numbers (bool, int, uint, float) are read", descr));
}

void swap_bytes(at::Tensor& tensor) {
  auto* bytes = static_cast<char*>(tensor.mutable_data_ptr());
  const std::size_t width = tensor.element_size();
  for (std::size_t i = 0; i < tensor.nbytes(); i += width)
    std::reverse(bytes + i, bytes + i + width);
}

// The bits of unsigned numbers lie in signed ones of their width.
at::Tensor as_given(const at::Tensor& stored, const NpyType& type, const std::string& label) {
  const auto given = stored.to(type.given);
  if (type.name == "u2") return given.bitwise_and(0xFFFF);
  if (type.name == "u4") return given.bitwise_and(0xFFFFFFFF);
  if (type.name == "u8" && given.numel() > 0 && given.min().item<std::int64_t>() < 0) {
    fail(label, "holds numbers above 2^63 - 1");
  }
  return given;
}

void append_utf8(std::string& text, char32_t code) {
  const auto byte = [&](char32_t bits) { text += static_cast<char>(bits); };
  constexpr char32_t kLow = 0x3F;
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xE0 | code >> 12);
    } else {
      byte(0xF0 | (code >> 18 & 7));
      byte(0x80 | (code >> 12 & kLow));
    }
    byte(0x80 | (code >> 6 & kLow));
  }
  byte(0x80 | (code & kLow));
}

void check_bytes(const NpyHeader& header, const NpyType& type, std::uint64_t bytes,
                 const std::string& label) {
  std::uint64_t elements = 1;
  for (const auto size : header.shape) {
    if (size != 0 && elements > kMaxElements / static_cast<std::uint64_t>(size)) {
      fail(label, "declares an impossible shape");
    }
    elements *= static_cast<std::uint64_t>(size);
  }
  if (elements * c10::elementSize(type.stored) != bytes) {
    fail(label, fmt::format("declares the shape [{}] but holds {} bytes",
                            fmt::join(header.shape, ","), bytes));
  }
}

}  // namespace

at::Tensor read_npy(const ByteSource& read, std::uint64_t bytes, const std::string& label) {
  NpyHeader header = read_npy_header(read, bytes, label);
  const NpyType& type = type_of(header.descr, label);
  check_bytes(header, type, bytes - header.bytes, label);
  // In Fortran order the first axis runs fastest: C order of the axes from last to first.
  if (header.fortran_order) std::reverse(header.shape.begin(), header.shape.end());
  auto stored = at::empty(header.shape, at::TensorOptions(type.stored));
  read({static_cast<char*>(stored.mutable_data_ptr()), stored.nbytes()});
  if (header.descr[0] == '>') swap_bytes(stored);
  if (header.fortran_order) {
    std::vector<std::int64_t> axes;
    for (std::int64_t axis = stored.dim(); axis-- > 0;) axes.push_back(axis);
    stored = stored.permute(axes).contiguous();
  }
  return as_given(stored, type, label);
}

at::Tensor from_npy(std::string_view bytes, const std::string& label) {
  const auto read = [rest = bytes](std::span<char> target) mutable {
    // read_npy asks for no more than the bytes that it was told of.
    std::copy_n(rest.data(), target.size(), target.data());
    rest.remove_prefix(target.size());
  };
  return read_npy(read, bytes.size(), label);
}

std::vector<std::string> read_npy_texts(const ByteSource& read, std::uint64_t bytes,
                                        const std::string& label) {
  const NpyHeader header = read_npy_header(read, bytes, label);
  const std::string& descr = header.descr;
  const bool texts = descr.size() > 2 && (descr[0] == '<' || descr[0] == '>') && descr[1] == 'U';
  const auto width = texts ? std::strtoull(descr.c_str() + 2, nullptr, 10) : 0;
  if (width == 0 || header.shape.size() != 1) {
    fail(label, fmt::format("has the type '{:.20}' and {} axes; one axis of texts is needed", descr,
                            header.shape.size()));
  }
  constexpr std::uint64_t kMostBytes = 1 << 26;
  const auto count = static_cast<std::uint64_t>(header.shape[0]);
  const std::uint64_t left = bytes - header.bytes;
  if (left > kMostBytes || count > kMostBytes || width > kMostBytes ||
      count * width * sizeof(char32_t) != left) {
    fail(label,
         fmt::format("declares {} texts of {} characters but holds {} bytes", count, width, left));
  }
  auto codes = at::empty({header.shape[0], static_cast<std::int64_t>(width)}, at::kInt);
  read({static_cast<char*>(codes.mutable_data_ptr()), codes.nbytes()});
  if (descr[0] == '>') swap_bytes(codes);
  std::vector<std::string> found(count);
  const auto* code = codes.const_data_ptr<std::int32_t>();
  for (std::uint64_t i = 0; i < count * width; ++i) {
    // Shorter ones end in zeros.
    if (code[i] != 0) append_utf8(found[i / width], static_cast<char32_t>(code[i]));
  }
  return found;
}

std::string to_npy(const at::Tensor& tensor) {
  std::string descr;
  for (const auto& known : kTypes) {
    if (known.stored == tensor.scalar_type() && known.given == known.stored && descr.empty()) {
      descr = (c10::elementSize(known.stored) == 1 ? "|" : "<") + std::string(known.name);
    }
  }
  TORCH_CHECK(!descr.empty(), "to_npy: cannot write tensors of type ", tensor.scalar_type());
  const auto sizes = tensor.sizes().vec();
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}",
                                   descr, fmt::join(sizes, ", "), sizes.size() == 1 ? "," : "");
  // The format wants data at a multiple of 64 and a newline before them.
  constexpr std::size_t kAlignment = 64;
  constexpr std::size_t kPreamble = 10;
  header.append(kAlignment - 1 - (kPreamble + header.size()) % kAlignment, ' ');
  header += '\n';
  std::string out("\x93NUMPY", 6);
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
          static_cast<char>(header.size() >> 8)};
  out += header;
  const auto flat = tensor.cpu().contiguous();
  out.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
  return out;
}

}  // namespace assay
