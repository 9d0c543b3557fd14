// SPDX-License-Identifier: Apache-2.0
#include "data/npy_header.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{1} << 16;
constexpr std::size_t kMaxDimensions = 32;
constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 40;

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
        descr = type();
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

  std::string type() {
    skip_blanks();
    if (text_.starts_with('['))
      fail(label_, "has a type of several fields; plain numbers are read");
    return quoted();
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

}  // namespace

NpyHeader read_npy_header(const ByteSource& read, std::uint64_t bytes, const std::string& label) {
  std::array<char, 12> start{};
  if (bytes < 10) fail(label, "is no .npy array");
  read(std::span(start).first(8));
  if (std::string_view(start.data(), kMagic.size()) != kMagic) fail(label, "is no .npy array");
  const int version = start[6];
  if (version < 1 || version > 3) fail(label, fmt::format("is .npy version {}", version));
  const std::size_t width = version == 1 ? 2 : 4;
  if (bytes < 8 + width) fail(label, "is cut short");
  read(std::span(start).subspan(8, width));
  std::uint64_t length = 0;
  for (std::size_t i = width; i-- > 0;) {
    length = length << 8 | static_cast<unsigned char>(start[8 + i]);
  }
  if (length > kMaxHeaderBytes || length > bytes - 8 - width) fail(label, "is cut short");
  std::string text(length, '\0');
  read(text);
  HeaderParser parser(text, label);
  parser.parse();
  return {*parser.descr, *parser.fortran_order, *parser.shape, 8 + width + length};
}

}  // namespace assay
