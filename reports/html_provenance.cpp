// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/number_text.h"

namespace assay {
namespace {

std::string pair(const std::string& name, const std::string& value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>", html_text(name), html_text(value));
}

std::string commands(const Report& report) {
  std::string lines;
  for (const auto& experiment : report.experiments) lines += experiment.command + "\n";
  std::string commits;
  for (const auto& commit : report.commits) {
    commits += fmt::format("{} <code>{}</code>", commits.empty() ? "" : ",", html_text(commit));
  }
  return fmt::format(
      "<p class=\"hint\">On commit{}. <code>./assay verify RUN</code> repeats one stored run from "
      "the database alone and "
      "compares it bit for bit.</p><pre class=\"commands\">{}</pre>",
      commits, html_text(lines));
}

std::string machine_details(const Report& report) {
  std::string text;
  for (const auto& use : report.machines) {
    const MachineRow& m = use.machine;
    std::string list = pair("processor", fmt::format("{}, {} cores", m.cpu, m.cores)) +
                       pair("memory", bytes_text(m.memory_bytes)) + pair("instructions", m.flags);
    if (!m.gpu.empty()) list += pair("GPU", m.gpu) + pair("driver", m.driver);
    list += pair("system", m.os) + pair("compiler", m.compiler) + pair("LibTorch", m.libtorch) +
            pair("runs", std::to_string(use.runs));
    text += "<dl>" + list + "</dl>";
  }
  return "<details open><summary>Machine</summary>" + text + "</details>";
}

std::string protocol_details(const Report& report) {
  std::string text;
  for (const auto& column : report.columns) {
    std::string list;
    for (const auto& [name, value] : column.protocol) list += pair(name, value);
    text += fmt::format("<h4>{} <code>{}</code></h4><dl>{}</dl>", html_text(column.label),
                        html_text(column.protocol_id.substr(0, 12)), list);
  }
  if (text.empty()) return "";
  return "<details><summary>Protocols: what each score means</summary>" + text + "</details>";
}

std::string run_rows(const Report& report) {
  std::string rows;
  for (const auto& experiment : report.experiments) {
    for (const auto& run : experiment.runs) {
      rows += fmt::format(
          "<tr><td class=\"num\">{}</td><td>{}</td><td "
          "class=\"num\">{}</td><td>{}</td><td><code>{}</code></td>"
          "<td><code>{}</code>{}</td><td>{}</td><td "
          "class=\"num\">{}</td><td>{}</td><td><code>{}</code></td></tr>",
          run.number, html_text(experiment.label), run.seed, html_text(run.status),
          html_text(run.uuid.substr(0, 8)), html_text(run.commit_id.substr(0, 10)),
          run.dirty ? " + changes" : "", html_text(run.device), run.threads,
          html_text(run.started_at), html_text(run.state_hash.substr(0, 12)));
    }
  }
  return rows;
}

std::string run_details(const Report& report) {
  return "<details><summary>Runs</summary><div class=\"scroll\" tabindex=\"0\"><table "
         "class=\"sortable\"><thead><tr>"
         "<th class=\"num\">run</th><th>experiment</th><th "
         "class=\"num\">seed</th><th>status</th><th>uuid</th><th>commit</th>"
         "<th>device</th><th class=\"num\">threads</th><th>started</th><th>state "
         "hash</th></tr></thead><tbody>" +
         run_rows(report) + "</tbody></table></div></details>";
}

std::string definition_details(const Report& report) {
  std::string text;
  for (const auto& experiment : report.experiments) {
    text += fmt::format(
        "<details><summary>Definition of {} <code>{}</code></summary><pre>{}</pre></details>",
        html_text(experiment.label), html_text(experiment.id.substr(0, 12)),
        html_text(experiment.definition));
  }
  return text;
}

constexpr std::string_view kMethod =
    "<details><summary>How the numbers are made</summary><ul>"
    "<li>One seed is one measurement. The newest complete run of each definition and seed "
    "counts.</li>"
    "<li>A score is the one of the last evaluation; the untrained score is the one at 0 "
    "images.</li>"
    "<li>sd divides by n − 1. Intervals of means are mean ± t<sub>0.975, n−1</sub> · sd/√n "
    "(Student), from ten seeds the bias-corrected and accelerated bootstrap's (Efron 1987, "
    "expanded as Hesterberg 2015).</li>"
    "<li>Scores of different protocols have columns of their own; the heading names the field that "
    "differs.</li>"
    "<li>Values that are not finite are left out of means and counted in a warning.</li>"
    "<li>Curves show images at which all seeds have a finite value; beyond 200 such points "
    "neighbouring records are "
    "averaged within each seed.</li></ul></details>";

}  // namespace

std::string provenance_section(const Report& report) {
  if (report.experiments.empty()) return "";
  std::string body = commands(report) + machine_details(report) + protocol_details(report) +
                     run_details(report) + definition_details(report) + std::string(kMethod);
  return html_section("provenance", "Repeat it, and where it comes from", body);
}

}  // namespace assay
