// SPDX-License-Identifier: Apache-2.0
#include "data/npy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cctype>
#include <cstring>
#include <optional>
#include <vector>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kMaxHeaderBytes = std::size_t{1} << 16;
constexpr std::size_t kMaxDimensions = 32;
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;

struct NpyType {
  std::string_view descr;
  at::ScalarType type;
};

constexpr std::array<NpyType, 4> kTypes{
    {{"|u1", at::kByte}, {"<f4", at::kFloat}, {"<f8", at::kDouble}, {"<i8", at::kLong}}};

[[noreturn]] void fail(const std::string& label, const std::string& why) {
  throw Error(fmt::format("{}: {}; write it again with numpy.save or numpy.savez", label, why));
}

// Reads the header's Python dictionary: exactly the three keys, literals only.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& label) : text_(text), label_(label) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        descr = quoted();
      } else if (key == "fortran_order") {
        fortran_order = boolean();
      } else if (key == "shape") {
        shape = tuple();
      } else {
        damaged();
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_blanks();
    if (!text_.empty() || !descr || !fortran_order || !shape) damaged();
  }

  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;

 private:
  [[noreturn]] void damaged() const { fail(label_, "its .npy header is damaged"); }

  void skip_blanks() {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0) {
      text_.remove_prefix(1);
    }
  }

  bool accept(char wanted) {
    skip_blanks();
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  void expect(char wanted) {
    if (!accept(wanted)) damaged();
  }

  std::string quoted() {
    skip_blanks();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) damaged();
    const std::size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) damaged();
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }

  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.starts_with(word)) {
        text_.remove_prefix(word.size());
        return value;
      }
    }
    damaged();
  }

  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> sizes;
    expect('(');
    while (!accept(')')) {
      sizes.push_back(integer());
      if (sizes.size() > kMaxDimensions) damaged();
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return sizes;
  }

  std::int64_t integer() {
    skip_blanks();
    std::uint64_t value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && std::isdigit(static_cast<unsigned char>(text_[digits])) != 0) {
      value = value * 10 + static_cast<std::uint64_t>(text_[digits] - '0');
      ++digits;
      if (value > kMaxElements) damaged();
    }
    if (digits == 0) damaged();
    text_.remove_prefix(digits);
    return static_cast<std::int64_t>(value);
  }

  std::string_view text_;
  const std::string& label_;
};

// Splits magic, version and header off; leaves the data in `bytes`.
std::string_view take_header(std::string_view& bytes, const std::string& label) {
  if (bytes.size() < 10 || !bytes.starts_with(kMagic)) fail(label, "is no .npy array");
  const auto byte = [&](std::size_t i) {
    return std::size_t{static_cast<unsigned char>(bytes[i])};
  };
  const std::size_t version = byte(6);
  if (version != 1 && version != 2) fail(label, fmt::format("is .npy version {}", version));
  if (version == 2 && bytes.size() < 12) fail(label, "is cut short");
  const std::size_t start = version == 1 ? 10 : 12;
  std::size_t length = byte(8) | (byte(9) << 8);
  if (version == 2) length |= (byte(10) << 16) | (byte(11) << 24);
  if (length > kMaxHeaderBytes || length > bytes.size() - start) fail(label, "is cut short");
  const auto header = bytes.substr(start, length);
  bytes.remove_prefix(start + length);
  return header;
}

at::ScalarType type_of(const std::string& descr, const std::string& label) {
  for (const auto& known : kTypes) {
    if (known.descr == descr) return known.type;
  }
  fail(label,
       fmt::format("has the type '{:.20}'; uint8, float32, float64 and int64 are read", descr));
}

}  // namespace

at::Tensor from_npy(std::string_view bytes, const std::string& label) {
  HeaderParser header(take_header(bytes, label), label);
  header.parse();
  const auto type = type_of(*header.descr, label);
  if (*header.fortran_order && header.shape->size() > 1) {
    fail(label, "lies in Fortran order; pass it through numpy.ascontiguousarray");
  }
  std::uint64_t elements = 1;
  for (const auto size : *header.shape) {
    if (size != 0 && elements > kMaxElements / static_cast<std::uint64_t>(size)) {
      fail(label, "declares an impossible shape");
    }
    elements *= static_cast<std::uint64_t>(size);
  }
  if (elements * c10::elementSize(type) != bytes.size()) {
    fail(label, fmt::format("declares the shape [{}] but holds {} bytes",
                            fmt::join(*header.shape, ","), bytes.size()));
  }
  auto tensor = at::empty(*header.shape, at::TensorOptions(type));
  if (!bytes.empty()) std::memcpy(tensor.mutable_data_ptr(), bytes.data(), bytes.size());
  return tensor;
}

std::string to_npy(const at::Tensor& tensor) {
  std::string_view descr;
  for (const auto& known : kTypes) {
    if (known.type == tensor.scalar_type()) descr = known.descr;
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
  std::string out(kMagic);
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF),
          static_cast<char>(header.size() >> 8)};
  out += header;
  const auto flat = tensor.cpu().contiguous();
  out.append(static_cast<const char*>(flat.const_data_ptr()), flat.nbytes());
  return out;
}

}  // namespace assay
