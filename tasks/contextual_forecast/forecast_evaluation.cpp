// Metrics, figures and the forecast of ContextualForecast.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/libtorch.h"
#include "core/metrics/report_section.h"
#include "core/task/curve_group.h"
#include "core/task/metric_series.h"
#include "tasks/contextual_forecast/contextual_forecast.h"
#include "tasks/contextual_forecast/predictors.h"

namespace talweg::tasks {
namespace {

/// Assets that are worth a metric each.
constexpr std::int64_t kFewAssets = 8;
/// Contexts that a picture shows.
constexpr std::int64_t kFewContexts = 64;

/// The symbols of an index, oldest first.
std::string symbols_text(std::int64_t index, std::int64_t levels, std::int64_t count) {
  std::string text(static_cast<std::size_t>(count), '0');
  for (std::int64_t place = count - 1; place >= 0; --place, index /= levels) {
    const std::int64_t symbol = index % levels;
    text[static_cast<std::size_t>(place)] = static_cast<char>(symbol < 10 ? '0' + symbol : 'a' + symbol - 10);
  }
  return text;
}

nlohmann::json probabilities_by_symbol(const at::Tensor& row, const WindowShape& shape) {
  nlohmann::json object = nlohmann::json::object();
  for (std::int64_t y = 0; y < row.numel(); ++y)
    object[symbols_text(y, shape.levels, shape.horizon)] = std::round(row[y].item<double>() * 1e4) / 1e4;
  return object;
}

/// P(context) times a table of outcomes that is applied to its own outcomes: [K, contexts, outcomes^times].
at::Tensor sequence_of_table(const at::Tensor& joint, const at::Tensor& table, std::int64_t times) {
  at::Tensor sequence = joint.sum(2);  // [K, contexts·outcomes so far], the oldest symbol the most significant digit
  for (std::int64_t t = 0; t < times; ++t) {
    const at::Tensor context = at::arange(sequence.size(1)).remainder(joint.size(1));
    sequence = (sequence.unsqueeze(2) * table.index_select(1, context)).flatten(1);
  }
  return sequence.view({joint.size(0), joint.size(1), -1});
}

double number(const at::Tensor& tensor) {
  return tensor.item<double>();
}

}  // namespace

const ContextualForecast::Predictors& ContextualForecast::baselines() {
  if (!baselines_.empty()) return baselines_;
  const auto of_assets = [&](const auto& predictor) {
    std::vector<at::Tensor> rows;
    for (std::int64_t k = 0; k < assets(); ++k) rows.push_back(predictor(data_.training[k], k));
    return at::stack(rows);
  };
  baselines_.emplace_back("frequencies", of_assets([&](const at::Tensor& counts, std::int64_t) {
                            return count_table(counts.sum(0, true)).expand_as(counts);
                          }));
  if (data_.of_prices) {
    const at::Tensor null = count_table(null_counts(options_.symbols, shape_, streams_.seed_of("null model")));
    baselines_.emplace_back("null", null.unsqueeze(0).expand_as(data_.training));
  }
  baselines_.emplace_back("markov",
                          of_assets([&](const at::Tensor& c, std::int64_t) { return markov_chain(c, shape_); }));
  baselines_.emplace_back("logistic",
                          of_assets([&](const at::Tensor& c, std::int64_t) { return logistic_regression(c, shape_); }));
  baselines_.emplace_back("lstm", of_assets([&](const at::Tensor& c, std::int64_t k) {
                            return lstm(c, shape_, options_.lstm.width, options_.lstm.steps,
                                        streams_.seed_of("lstm", static_cast<std::uint64_t>(k)));
                          }));
  baselines_.emplace_back("table", of_assets([](const at::Tensor& c, std::int64_t) { return count_table(c); }));
  return baselines_;
}

Metrics ContextualForecast::evaluate() {
  const torch::NoGradGuard no_grad;
  const at::Tensor p = data_.joint(), q = joint_distribution(), by_joint = conditioned(q),
                   by_context = outcomes_of_contexts(), own = angles();
  Metrics metrics;
  for (const auto& [name, predictor] : baselines())
    metrics.emplace_back(name + "_log_loss", number(log_loss(data_.held_out, predictor).mean()));
  metrics.emplace_back("basis_log_loss", number(log_loss(data_.held_out, by_context).mean()));
  metrics.emplace_back("log_loss", number(log_loss(data_.held_out, by_joint).mean()));
  metrics.emplace_back("table_kl", number(conditional_divergence(p, baselines().back().second).mean()));
  metrics.emplace_back("basis_kl", number(conditional_divergence(p, by_context).mean()));
  metrics.emplace_back("conditional_kl", number(conditional_divergence(p, by_joint).mean()));
  const at::Tensor kl = joint_divergence(p, q);
  if (assets() > 1 && assets() <= kFewAssets)
    for (std::int64_t k = 0; k < assets(); ++k)
      metrics.emplace_back("kl/" + data_.assets[static_cast<std::size_t>(k)], number(kl[k]));
  metrics.emplace_back("kl", number(kl.mean()));
  if (sequences_.defined()) {
    const at::Tensor table = sequence_of_table(p, baselines().back().second, options_.predictions);
    metrics.emplace_back("table_sequence_kl", number(joint_divergence(sequences_, table).mean()));
    metrics.emplace_back("sequence_kl",
                         number(joint_divergence(sequences_, sequence_distribution(options_.predictions)).mean()));
  }
  if (options_.noise) {
    const at::Tensor noisy = noisy_distribution(*options_.noise);
    metrics.emplace_back("noise_kl", number(joint_divergence(q, noisy).mean()));
    metrics.emplace_back("noisy_kl", number(joint_divergence(p, noisy).mean()));
  }
  if (options_.trained_loader) metrics.emplace_back("loader_error", loader_error_);
  const auto exact = [&](const LoadedRows& rows) {
    const at::Tensor f = observed_fidelity(simulator_, own.index_select(0, rows.asset), rows, {});
    return number((rows.weight * f.to(at::kDouble)).sum()) / static_cast<double>(assets());
  };
  const double coherent = exact(coherent_), incoherent = exact(incoherent_);
  metrics.emplace_back("context_fidelity", incoherent);
  metrics.emplace_back("fidelity", coherent);
  const bool portfolio = options_.schedule == AssetSchedule::portfolio;
  metrics.emplace_back("loss", portfolio ? number(loss_of(own, {}, {}))
                                         : 1 - (options_.batch_mode == BatchMode::coherent ? coherent : incoherent));
  state_answer(by_joint, by_context);
  return metrics;
}

void ContextualForecast::state_answer(const at::Tensor& conditional, const at::Tensor& basis) {
  answer_ = nlohmann::json::object();
  if (data_.latest_context.empty()) return;
  nlohmann::json contexts, circuit, single, table, null;
  for (std::int64_t k = 0; k < assets(); ++k) {
    const std::string& asset = data_.assets[static_cast<std::size_t>(k)];
    const std::int64_t x = data_.latest_context[static_cast<std::size_t>(k)];
    contexts[asset] = symbols_text(x, shape_.levels, shape_.context);
    circuit[asset] = probabilities_by_symbol(conditional[k][x], shape_);
    single[asset] = probabilities_by_symbol(basis[k][x], shape_);
    for (const auto& [name, predictor] : baselines()) {
      if (name == "table") table[asset] = probabilities_by_symbol(predictor[k][x], shape_);
      if (name == "null") null[asset] = probabilities_by_symbol(predictor[k][x], shape_);
    }
  }
  answer_ = {{"after", data_.latest_day},    {"context", contexts},  {"circuit", circuit},
             {"circuit_on_context", single}, {"count_table", table}, {"null_model", null}};
  answer_[metrics::kReportMember] =
      to_json(metrics::ReportSection{"Forecast",
                                     "",
                                     {{"after", "after"},
                                      {"latest context", "context"},
                                      {"circuit, joint distribution conditioned", "circuit"},
                                      {"circuit, context loaded by itself", "circuit_on_context"},
                                      {"count table", "count_table"},
                                      {"null model", "null_model"}}});
}

std::vector<plot::Figure> ContextualForecast::figures() {
  std::vector<plot::Figure> figures;
  if (shape_.contexts() > kFewContexts) return figures;
  const at::Tensor p = data_.joint(), q = joint_distribution(), by_joint = conditioned(q),
                   by_context = outcomes_of_contexts();
  for (std::int64_t k = 0; k < std::min<std::int64_t>(assets(), 4); ++k) {
    const std::string& asset = data_.assets[static_cast<std::size_t>(k)];
    plot::Figure bars;
    bars.name = fmt::format("distribution_{}", k + 1);
    bars.title = fmt::format("{}: contexts and outcomes, counted and learnt", asset);
    bars.x_label = "index of context and outcome";
    bars.y_label = "probability";
    bars.caption = "Joint distribution of the training windows and what the circuit makes of the loaded contexts.";
    plot::Series counted{"training windows", {}, {}}, learnt{"circuit", {}, {}, plot::SeriesStyle::points};
    const at::Tensor own = p[k].flatten(), made = q[k].flatten();
    for (std::int64_t i = 0; i < own.numel(); ++i) {
      counted.x.push_back(static_cast<double>(i)), learnt.x.push_back(static_cast<double>(i));
      counted.y.push_back(number(own[i])), learnt.y.push_back(number(made[i]));
    }
    bars.series = {counted, learnt};
    figures.push_back(bars);
    plot::Figure curves;
    curves.name = fmt::format("predictors_{}", k + 1);
    curves.title = fmt::format("{}: probability of the highest outcome after each context", asset);
    curves.x_label =
        fmt::format("context, oldest symbol first: 0 is {}, {} is {}", symbols_text(0, shape_.levels, shape_.context),
                    shape_.contexts() - 1, symbols_text(shape_.contexts() - 1, shape_.levels, shape_.context));
    curves.y_label = "probability";
    curves.caption =
        "'null' is what smoothing alone makes predictable in a random walk; 'circuit, context by itself' is the "
        "circuit "
        "when one context is loaded.";
    const auto draw = [&](const std::string& label, const at::Tensor& predictor, plot::SeriesStyle style) {
      plot::Series series{label, {}, {}, style};
      for (std::int64_t x = 0; x < shape_.contexts(); ++x) {
        series.x.push_back(static_cast<double>(x));
        series.y.push_back(number(predictor[x][shape_.outcomes() - 1]));
      }
      curves.series.push_back(series);
    };
    draw("training windows", conditioned(p[k]), plot::SeriesStyle::line);
    draw("circuit", by_joint[k], plot::SeriesStyle::points);
    draw("circuit, context by itself", by_context[k], plot::SeriesStyle::dashed);
    draw("held-out windows", conditioned(data_.held_out[k]), plot::SeriesStyle::points);
    for (const auto& [name, predictor] : baselines())
      if (name != "table" && name != "frequencies") draw(name, predictor[k], plot::SeriesStyle::dashed);
    figures.push_back(curves);
  }
  return figures;
}

std::vector<plot::Figure> ContextualForecast::figures_over_time(const std::vector<metrics::Record>& records) {
  plot::Figure fidelities;
  fidelities.name = "infidelity";
  fidelities.title = "Two fidelities that are not one";
  fidelities.x_label = "step";
  fidelities.y_label = "1 − F";
  fidelities.y_log = true;
  fidelities.caption =
      "All contexts in one superposition, and the mean of single contexts. Raising the first does not raise the "
      "second.";
  fidelities.series = {series_of("eval/fidelity", "superposition", records),
                       series_of("eval/context_fidelity", "single contexts", records)};
  if (fidelities.series.front().x.empty()) return {};
  for (plot::Series& series : fidelities.series)
    for (double& y : series.y) y = 1 - y;
  CurveGroup divergence{
      .name = "divergence",
      .title = "Divergence of what is learnt from the training windows",
      .y_label = "KL divergence, nats",
      .caption =
          "'joint' is of context and outcome; 'conditioned' of the outcome from it; 'context by "
          "itself' of the outcome when the circuit is given one context.",
      .curves = {{"eval/kl", "joint"}, {"eval/conditional_kl", "conditioned"}, {"eval/basis_kl", "context by itself"}},
      .references = {},
      .y_log = true};
  for (const std::string& asset : data_.assets)
    divergence.curves.push_back({"eval/kl/" + asset, asset, plot::SeriesStyle::dashed});
  return {fidelities, make_figure(divergence, records)};
}

}  // namespace talweg::tasks
