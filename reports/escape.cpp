// SPDX-License-Identifier: Apache-2.0
#include "reports/escape.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "core/utf8.h"

namespace assay {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
}

std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

bool is_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() && std::isfinite(value) &&
         text.find_first_not_of("+-.0123456789eE") == std::string::npos;
}

// What a spreadsheet computes, or drops before it looks again (OWASP, "CSV Injection"); the last
// four are the full-width = + - @.
bool may_be_formula(const std::string& text) {
  constexpr std::array<std::string_view, 11> kBeginnings = {
      "=", "+", "-", "@", "\t", "\n", "\r", "\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};
  return !is_number(text) && std::ranges::any_of(kBeginnings, [&](std::string_view beginning) {
    return text.starts_with(beginning);
  });
}

}  // namespace

std::string valid_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0 || is_control(text[0])) {
      out += kReplacement;
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : valid_utf8(text)) {
    const auto escaped = entity(c);
    if (escaped.empty()) {
      out += c;
    } else {
      out += escaped;
    }
  }
  return out;
}

std::string html_name(std::string_view name) {
  std::string out;
  for (const char c : html_text(name)) {
    out += c;
    if (c == '/' || c == '_') out += "<wbr>";
  }
  return out;
}

std::string html_attribute(std::string_view text) { return html_text(text); }

std::string script_json(std::string_view json) {
  std::string out;
  for (const char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

std::string markdown_text(std::string_view text) {
  constexpr std::string_view kSpecial = "\\`*_[]#|~!";
  std::string out;
  for (const char c : valid_utf8(text)) {
    if (c == '\n' || c == '\t') {
      out += ' ';
    } else if (!entity(c).empty() && c != '"' && c != '\'') {
      out += entity(c);
    } else {
      if (kSpecial.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string latex_text(std::string_view text) {
  struct Written {
    std::string_view from, to;
  };
  constexpr std::array<Written, 17> kWritten = {{{"\\", "\\textbackslash{}"},
                                                 {"{", "\\{"},
                                                 {"}", "\\}"},
                                                 {"$", "\\$"},
                                                 {"&", "\\&"},
                                                 {"%", "\\%"},
                                                 {"#", "\\#"},
                                                 {"_", "\\_"},
                                                 {"^", "\\textasciicircum{}"},
                                                 {"~", "\\textasciitilde{}"},
                                                 {"±", "$\\pm$"},
                                                 {"−", "$-$"},
                                                 {"×", "$\\times$"},
                                                 {"≤", "$\\leq$"},
                                                 {"≥", "$\\geq$"},
                                                 {"\n", " "},
                                                 {"\t", " "}}};
  const std::string valid = valid_utf8(text);
  std::string out;
  for (std::string_view rest = valid; !rest.empty();) {
    const auto found = std::ranges::find_if(
        kWritten, [&](const Written& one) { return rest.starts_with(one.from); });
    if (found == kWritten.end()) {
      out += rest.front();
      rest.remove_prefix(1);
    } else {
      out += found->to;
      rest.remove_prefix(found->from.size());
    }
  }
  return out;
}

std::string csv_field(std::string_view text) {
  std::string clean = valid_utf8(text);
  if (may_be_formula(clean)) clean.insert(clean.begin(), '\'');
  if (clean.find_first_of(",\"\n\t") == std::string::npos) return clean;
  std::string out(1, '"');
  for (const char c : clean) {
    out += c;
    if (c == '"') out += '"';
  }
  out += '"';
  return out;
}

std::string base64(std::string_view bytes) {
  // OpenSSL counts in int, and puts a zero behind what it writes.
  constexpr std::size_t kBlock = std::size_t{3} << 20;
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  auto* end = reinterpret_cast<unsigned char*>(out.data());
  for (; !bytes.empty(); bytes.remove_prefix(std::min(kBlock, bytes.size()))) {
    end += EVP_EncodeBlock(end, reinterpret_cast<const unsigned char*>(bytes.data()),
                           static_cast<int>(std::min(kBlock, bytes.size())));
  }
  out.pop_back();
  return out;
}

}  // namespace assay
