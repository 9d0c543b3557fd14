// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace assay {

class App;

// Each registers one command in the file of its name: its options and what it does. In the order
// of `assay --help`.
void add_run(App& app);
void add_resume(App& app);
void add_list(App& app);
void add_describe(App& app);
void add_status(App& app);
void add_show(App& app);
void add_verify(App& app);
void add_report(App& app);
void add_compare(App& app);
void add_baseline(App& app);
void add_gate(App& app);
void add_merge(App& app);
void add_export(App& app);
void add_submit(App& app);
void add_plan(App& app);
void add_eval(App& app);
void add_sample(App& app);
void add_note(App& app);  // note, tag, hide, unhide
void add_data(App& app);
void add_doctor(App& app);
void add_prune(App& app);
void add_worker(App& app);  // hidden

}  // namespace assay
