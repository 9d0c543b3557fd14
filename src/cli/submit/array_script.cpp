// SPDX-License-Identifier: Apache-2.0
#include "cli/submit/array_script.h"

#include <fmt/format.h>

#include "core/shell_words.h"

namespace assay {
namespace {

// $program, $folder, $name and ${arguments[@]} are set before it.
constexpr std::string_view kWork = R"bash(
disk=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/assay.XXXXXX") || exit 3
own=$disk/$name.sqlite
kept=$folder/$name.sqlite

# Weights first: a database that is there has all that it names.
keep() {
  [[ -e $own ]] || return 0
  if [[ -d $own.checkpoints ]]; then
    rm -rf "$kept.checkpoints.new" && cp -r "$own.checkpoints" "$kept.checkpoints.new" || return 3
    rm -rf "$kept.checkpoints" && mv "$kept.checkpoints.new" "$kept.checkpoints" || return 3
  fi
  cp "$own" "$kept.new" && mv "$kept.new" "$kept"
}

# What an earlier task of this run left goes on.
if [[ -e $kept ]]; then
  cp "$kept" "$own" || exit 3
  if [[ -d $kept.checkpoints ]]; then cp -r "$kept.checkpoints" "$own.checkpoints" || exit 3; fi
fi
"$program" run "${arguments[@]}" --db "$own" --report "$disk/report.html" --quiet &
run=$!
trap 'kill -TERM "$run"' TERM INT
wait "$run"; status=$?
# A signal ends the waiting, and not yet the run.
while kill -0 "$run" 2>/dev/null; do wait "$run"; status=$?; done
if ! keep; then
  echo "$own could not be copied to $folder: it stays on $(hostname)" >&2
  exit 3
fi
rm -rf "$disk"
exit "$status"
)bash";

}  // namespace

std::string array_script(const std::vector<ArrayTask>& tasks, const ArrayOptions& options) {
  std::string text =
      fmt::format("#!/bin/bash\nset -u\nprogram={}\nfolder={}\ncase $SLURM_ARRAY_TASK_ID in\n",
                  shell_word(options.program.string()), shell_word(options.folder.string()));
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    text += fmt::format("{}) name={} arguments=({}) ;;\n", i, shell_word(tasks[i].name),
                        tasks[i].arguments);
  }
  text += "*) echo \"no task $SLURM_ARRAY_TASK_ID\" >&2; exit 2 ;;\nesac\n";
  return text + std::string(kWork);
}

std::vector<std::string> sbatch_words(const std::filesystem::path& script, std::size_t tasks,
                                      const ArrayOptions& options) {
  const std::string limit =
      options.at_a_time > 0 ? fmt::format("%{}", options.at_a_time) : std::string();
  std::vector<std::string> words = {"sbatch",
                                    "--parsable",
                                    "--job-name=" + options.job_name,
                                    fmt::format("--array=0-{}{}", tasks - 1, limit),
                                    fmt::format("--cpus-per-task={}", options.threads),
                                    "--output=" + (options.folder / "logs" / "%A_%a.log").string(),
                                    "--signal=B:TERM@120"};
  words.insert(words.end(), options.sbatch.begin(), options.sbatch.end());
  words.push_back(script.string());
  return words;
}

}  // namespace assay
