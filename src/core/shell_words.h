// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// One argument of a POSIX shell, quoted where it holds anything special.
std::string shell_word(std::string_view word);

/// The words of a line as a POSIX shell would part it, quotes and backslashes taken away. What
/// else is special to a shell (variables, pipes, …) stands for itself. Nothing for a line that ends
/// inside quotes or after a backslash.
std::optional<std::vector<std::string>> shell_words(std::string_view line);

}  // namespace assay
