// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Names, notes and reasons are anybody's text. Each place they can be written to has its own
/// escaping; the renderers write nothing from a database without one of these.

/// Between tags: & < > and quotes as entities; bytes that are no UTF-8 and control characters as
/// U+FFFD.
std::string html_text(std::string_view text);
/// Inside a double-quoted attribute.
std::string html_attribute(std::string_view text);
/// html_text of a name, which may be broken after each '/' and '_' where a line is narrow.
std::string html_name(std::string_view name);
/// JSON inside <script type="application/json">: no '<', '>' or '&' is left, so no tag can end it.
std::string script_json(std::string_view json);
/// Inside a cell or line of GitHub Markdown: no character starts a tag, a link, emphasis, a cell or
/// a line.
std::string markdown_text(std::string_view text);
/// Inside a line of LaTeX: none of its special characters acts, ± and − are in mathematics, an end
/// of line is a space.
std::string latex_text(std::string_view text);
/// One field of RFC 4180, quoted where needed. A text that a spreadsheet could take for a formula,
/// since it begins with = + - @ or white space, gets a leading '; a number stays one.
std::string csv_field(std::string_view text);

/// RFC 4648.
std::string base64(std::string_view bytes);

/// The text with every byte that is not part of valid UTF-8, and every control character but tab
/// and newline, replaced by U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace assay
