// SPDX-License-Identifier: Apache-2.0
#include "cli/text/key_page.h"

#include <fmt/format.h>

#include "config/definition.h"
#include "config/gate_rule.h"
#include "config/key_reference.h"
#include "config/suite.h"
#include "families/registry.h"

namespace assay {

std::string key_page() {
  std::string page = key_reference("At the top", top_schema());
  page += key_reference("Of every experiment", common_schema());
  for (const Family& family : families()) {
    page += key_reference(fmt::format("Of the family `{}`: {}", family.name, family.paper),
                          family.schema());
  }
  page += key_reference("Of a `[gate.<metric>]` table, how `assay gate` judges a metric's change",
                        gate_schema());
  page += key_reference("At the top of a suite", suite_schema());
  page += key_reference("Of a suite's `[[member]]`", member_schema());
  page += key_reference("Of a suite's `[[claim]]`", claim_schema());
  return page;
}

}  // namespace assay
