#include "core/run/run.h"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "core/error.h"
#include "core/exception_message.h"
#include "core/io/json_number.h"
#include "core/run/interruption.h"
#include "core/run/signal_watch.h"

namespace talweg {

Run::Run(std::unique_ptr<Computation> computation, std::unique_ptr<RunRecorder> recorder, RunSetup setup)
    : computation_(std::move(computation)),
      recorder_(std::move(recorder)),
      setup_(std::move(setup)),
      work_(computation_->work()),
      cadence_(computation_->cadence()) {}

std::vector<std::string> Run::rehearse() {
  begin_session();
  computation_->require_sound(step_);
  observe_start();
  progress_->finish();
  std::vector<std::string> names;
  for (const auto& [name, value] : latest_) names.push_back(name);
  return names;
}

RunOutcome Run::run() {
  try {
    return carry_on();
  } catch (const Interruption& interruption) {
    progress_->finish();
    recorder_->flush();
    RunOutcome outcome = so_far();
    outcome.status = RunStatus::interrupted;
    outcome.reason = fmt::format("signal {} ({}) within a step, which is made anew", interruption.signal,
                                 strsignal(interruption.signal));
    return outcome;
  }
}

RunOutcome Run::carry_on() {
  begin_session();
  const SignalWatch signals;
  Agreement& agreement = *setup_.agreement;
  int signal = agreement.stop_for(signals.received());
  computation_->require_sound(step_);
  if (step_ == 0) observe_start();
  while (!is_over() && !is_paused() && signal == 0) {
    step();
    if (due(cadence_.record)) record();
    if (due(cadence_.evaluate)) evaluate();
    if (due(cadence_.measure)) measure();
    if (due(cadence_.save) && may_save()) save();
    signal = agreement.stop_for(signals.received());
  }
  const bool complete = is_over();
  if (const int late = agreement.settle(); signal == 0 && !complete) signal = late;
  if (last_save_ != step_) save();
  save_pending_best();
  const nlohmann::json stated = emit_account();
  RunOutcome outcome = so_far();
  outcome.account.update(stated);
  outcome.account.update(computation_->remarks());
  if (signal != 0) {
    outcome.status = RunStatus::interrupted;
    outcome.reason = fmt::format("signal {} ({})", signal, strsignal(signal));
  } else if (!complete) {
    outcome.status = RunStatus::paused;
    outcome.reason = work_.counted ? fmt::format("paused after {} steps", step_)
                                   : fmt::format("paused after {} of {} steps", step_, work_.steps);
  } else {
    if (ended_)
      outcome.reason = computation_->finished();
    else if (step_ < work_.steps)
      outcome.reason = setup_.best->exhaustion();
    write_figures();
    write_samples();
  }
  progress_->finish();
  recorder_->flush();
  return outcome;
}

void Run::begin_session() {
  session_start_ = std::chrono::steady_clock::now();
  recorder_->open(step_);
  if (step_ == 0) recorder_->note(course());
  if (const auto folder = recorder_->folder()) computation_->keep_in(*folder);
  metrics::ProgressOptions shown;
  shown.total_steps = work_.steps;
  shown.first_step = step_;
  shown.examples_per_step = work_.examples_per_step;
  shown.tokens_per_step = work_.tokens_per_step;
  shown.memory_bytes = work_.memory_bytes;
  shown.has_epochs = work_.examples_per_step > 0;
  shown.work_until = work_.until;
  shown.counted = work_.counted;
  shown.quiet = setup_.quiet;
  progress_ = std::make_unique<metrics::ProgressDisplay>(shown);
  if (setup_.quiet) return;
  if (const std::string line = computation_->announcement(); !line.empty()) fmt::print(stderr, "talweg: {}\n", line);
}

void Run::observe_start() {
  evaluate();
  write_samples();
  if (cadence_.measure > 0) measure();
}

void Run::step() {
  ++step_;  // a step that fails is counted: it is the one that the error names
  computation_->step(step_ - 1);
  ended_ = step_ < work_.steps && !computation_->finished().empty();
  if (progress_->due()) progress_->show(step_, computation_->epoch(step_), computation_->last_loss());
}

bool Run::is_over() const {
  return step_ >= work_.steps || ended_ || (setup_.best && setup_.best->exhausted());
}

void Run::record() {
  emit(computation_->record());
}

void Run::evaluate() {
  const Metrics values = computation_->evaluate();
  emit(values);
  Metrics telling_first = values;
  if (setup_.best)
    std::stable_partition(telling_first.begin(), telling_first.end(),
                          [&](const auto& metric) { return metric.first == setup_.best->metric(); });
  progress_->evaluated(step_, computation_->epoch(step_), computation_->last_loss(), std::move(telling_first));
  if (setup_.best && setup_.best->update(step_, values) && step_ > 0) keep_best();
}

void Run::keep_best() {
  checkpoint::Checkpoint best = state();
  computation_->keep_result(best);
  if (may_save()) {
    pending_best_.reset();
    return recorder_->save_best(best);
  }
  // The parameters move on before it is written.
  for (auto& [group, tensors] : best.tensors)
    for (auto& [name, tensor] : tensors) tensor = tensor.clone();
  pending_best_ = std::move(best);
}

void Run::save_pending_best() {
  if (pending_best_) recorder_->save_best(*pending_best_);
  pending_best_.reset();
}

bool Run::may_save() const {
  if (!setup_.agreement->may_go_by_clock()) return true;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - last_save_time_;
  return passed.count() >= cadence_.seconds_between_saves;
}

void Run::measure() {
  emit(computation_->measure());
}

void Run::save() {
  computation_->require_sound(step_);
  recorder_->flush();
  save_pending_best();
  recorder_->save(state(), setup_.keep);
  last_save_ = step_;
  last_save_time_ = std::chrono::steady_clock::now();
}

void Run::write_figures() {
  if (!recorder_->keeps()) return;
  recorder_->flush();
  for (const plot::Figure& figure : computation_->figures(recorder_->records())) recorder_->save(figure);
}

void Run::write_samples() {
  if (!recorder_->keeps()) return;
  const std::vector<TextSample> samples = computation_->samples();
  if (!samples.empty()) recorder_->save(step_, samples);
}

nlohmann::json Run::emit_account() {
  nlohmann::json account = computation_->account();
  if (!account.is_object()) return nlohmann::json::object();
  Metrics values;
  for (const auto& [section, members] : account.items())
    for (const auto& [name, value] : members.items())
      if (value.is_number()) values.emplace_back(section + "/" + name, value.get<double>());
  emit(values);
  return account;
}

void Run::emit(const Metrics& values) {
  if (values.empty()) return;
  recorder_->write({step_, seconds(), computation_->epoch(step_), values});
  last_recorded_ = step_;
  for (const auto& metric : values) {
    const auto known =
        std::find_if(latest_.begin(), latest_.end(), [&](const auto& other) { return other.first == metric.first; });
    if (known == latest_.end())
      latest_.push_back(metric);
    else
      known->second = metric.second;
  }
}

RunOutcome Run::so_far() const {
  RunOutcome outcome;
  outcome.steps = step_;
  outcome.seconds = seconds();
  outcome.counts = computation_->counts();
  outcome.metrics = latest_;
  if (!changed_files_.empty()) outcome.account["changed_files"] = changed_files_;
  if (!changed_settings_.empty()) outcome.account["changed_settings"] = changed_settings_;
  if (setup_.best && setup_.best->best()) outcome.best = {setup_.best->metric(), *setup_.best->best()};
  return outcome;
}

void Run::restore(const RestorePolicies& policies) {
  const Course course = recorder_->course();
  std::optional<checkpoint::Checkpoint> newest;
  try {
    newest = recorder_->newest();
  } catch (const NoWholeState& found) {
    policies.on_no_whole_state(found);
    require_settings_of(course);
    recorder_->set_aside();
  }
  newest = setup_.agreement->shared(std::move(newest));
  if (!newest) require_settings_of(course);
  if (newest && newest->step > work_.steps)
    throw ConfigError(fmt::format("the run has made {} steps already, and its length is {}: no step is taken back",
                                  newest->step, work_.steps));
  const bool differ = newest && load(*newest, policies);
  count_undone(course, differ);
  say_what_becomes_of_records(newest ? newest->step : -1);
  recorder_->truncate_after(newest ? newest->step : -1);
}

void Run::require_settings_of(const Course& course) const {
  if (course.seen == 0) return;
  const SettingChanges changes = changes_between(course.settings, setup_.settings);
  if (!changes.empty())
    throw ConfigError(fmt::format(
        "the run has made {} steps of which no state is left, with another configuration: {}. Put these back "
        "to begin it anew, or begin another run in a folder of its own",
        course.seen, describe(changes)));
}

/// What later steps were seen to do is undone now and is counted nevertheless: on record before the records of them
/// go, since a process that ends before the next state is saved must not forget it.
void Run::count_undone(const Course& found, bool differ) {
  const std::int64_t seen = setup_.agreement->largest(found.seen);
  const std::int64_t before = setup_.agreement->largest(found.undone);
  const std::int64_t furthest = setup_.agreement->largest(found.furthest);
  const std::int64_t undone = std::max(before, undone_) + std::max<std::int64_t>(seen - step_, 0);
  computation_->count_lost_steps({undone - undone_, std::max<std::int64_t>(furthest - step_, 0), differ});
  undone_ = undone;
  furthest_ = differ ? step_ : furthest;
  if (differ)
    save();  // whatever comes, it is on record from which step on the run was another
  else
    recorder_->note(course());
}

void Run::say_what_becomes_of_records(std::int64_t step) const {
  if (!recorder_->keeps()) return;
  std::int64_t last = -1;
  std::size_t undone = 0;
  for (const metrics::Record& record : recorder_->records()) {
    last = std::max(last, record.step);
    if (record.step > step) ++undone;
  }
  if (last < last_recorded_)
    fmt::print(
        stderr,
        "talweg: the records end at step {}, and the state of step {} knew of one of step {}: those between are lost\n",
        std::max<std::int64_t>(last, 0), step, last_recorded_);
  if (undone > 0 && !setup_.quiet)
    fmt::print(stderr, "talweg: going on from step {}; the steps up to {} that were on record are made anew\n",
               std::max<std::int64_t>(step, 0), last);
}

bool Run::settle_changed_settings(const checkpoint::Checkpoint& checkpoint, const ChangedSettingsPolicy& on_change) {
  const auto earlier = checkpoint.values.find("changed_settings");
  if (earlier != checkpoint.values.end()) changed_settings_ = earlier->second;
  const auto known = checkpoint.values.find("settings");
  if (known == checkpoint.values.end()) return false;
  const SettingChanges changes = changes_between(known->second.get<Settings>(), setup_.settings);
  if (changes.empty()) return false;
  on_change(changes);
  changed_settings_.push_back({{"step", checkpoint.step}, {"options", changes}});
  return true;
}

bool Run::settle_changed_files(const checkpoint::Checkpoint& checkpoint, const ChangedFilesPolicy& on_change) {
  const auto earlier = checkpoint.values.find("changed_files");
  if (earlier != checkpoint.values.end()) changed_files_ = earlier->second;
  const auto known = checkpoint.values.find("files");
  if (known == checkpoint.values.end()) return false;
  const io::FileChanges changes =
      setup_.agreement->shared(io::changes_between(known->second.get<io::FileFingerprints>(), computation_->files()));
  if (changes.empty()) return false;
  on_change(changes);
  changed_files_.push_back({{"step", checkpoint.step}, {"files", changes}});
  return true;
}

checkpoint::Checkpoint Run::state() const {
  checkpoint::Checkpoint checkpoint;
  checkpoint.step = step_;
  computation_->save(checkpoint);
  checkpoint.values["counters"]["seconds"] = seconds();
  if (setup_.best) checkpoint.values["best"] = setup_.best->state();
  checkpoint.values["recorded"] = last_recorded_;
  checkpoint.values["course"] = {{"undone", undone_}, {"furthest", std::max(furthest_, step_)}};
  nlohmann::json latest = nlohmann::json::array();
  for (const auto& [name, value] : latest_) latest.push_back({name, io::json_number(value)});
  checkpoint.values["metrics"] = latest;
  if (const io::FileFingerprints files = computation_->files(); !files.empty()) checkpoint.values["files"] = files;
  if (!changed_files_.empty()) checkpoint.values["changed_files"] = changed_files_;
  if (!setup_.settings.empty()) checkpoint.values["settings"] = setup_.settings;
  if (!changed_settings_.empty()) checkpoint.values["changed_settings"] = changed_settings_;
  return checkpoint;
}

bool Run::load(const checkpoint::Checkpoint& checkpoint, const RestorePolicies& policies) {
  const auto misfit = [&](const std::string& what) {
    return DataError(fmt::format("the state of step {} is not one of this run: {}", checkpoint.step, what));
  };
  try {
    const bool other_settings = settle_changed_settings(checkpoint, policies.on_changed_settings);
    const bool other_files = settle_changed_files(checkpoint, policies.on_changed_files);
    load_parts(checkpoint);
    return other_settings || other_files;
  } catch (const nlohmann::json::exception&) {
    throw misfit("a value of its state.json is missing or of another type than this program writes");
  } catch (const std::out_of_range&) {
    throw misfit("a part that this program writes is missing");
  } catch (const c10::Error& error) {
    throw misfit(message_of(error));
  }
}

void Run::load_parts(const checkpoint::Checkpoint& checkpoint) {
  computation_->load(checkpoint);
  if (setup_.best) setup_.best->load(checkpoint.values.at("best"));
  if (const auto recorded = checkpoint.values.find("recorded"); recorded != checkpoint.values.end())
    last_recorded_ = recorded->second.get<std::int64_t>();
  undone_ = course_of(checkpoint).undone;
  earlier_seconds_ = checkpoint.values.at("counters").at("seconds").get<double>();
  latest_.clear();
  for (const nlohmann::json& item : checkpoint.values.at("metrics").get<std::vector<nlohmann::json>>())
    latest_.emplace_back(item.at(0).get<std::string>(), io::number_in(item.at(1)).value_or(std::nan("")));
  step_ = last_save_ = checkpoint.step;
  ended_ = step_ < work_.steps && !computation_->finished().empty();
}

double Run::seconds() const {
  return earlier_seconds_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - session_start_).count();
}

}  // namespace talweg
