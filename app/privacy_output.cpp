#include "app/privacy_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "core/io/atomic_file.h"
#include "core/plot/render.h"
#include "core/plot/svg_document.h"
#include "core/privacy/epsilon_curve.h"
#include "core/privacy/statement.h"

namespace talweg::app {
namespace {

using privacy::Accountant;

std::string number(double value) {
  return std::isinf(value) ? "∞" : fmt::format("{:.4f}", value);
}

/// fmt counts code points, as a terminal does with these.
void row(const std::string& name, const std::string& relation, const std::string& epsilon, const std::string& lower,
         const std::string& order, const std::string& worth) {
  fmt::print("{:<14} {:<18} {:>10} {:>10} {:>7}  {}\n", name, relation, epsilon, lower, order, worth);
}

void print_table(const PrivacyQuestion& q) {
  row("accountant", "neighbours", "ε", "at least", "order", "worth");
  std::set<std::string> warnings;
  for (const AccountantAnswer& answer : answers(q)) {
    const std::string& name = answer.accountant->name;
    if (!answer.spent) {
      row(name, "", "–", "", "", answer.misfit);
      continue;
    }
    const privacy::PrivacySpent& spent = *answer.spent;
    row(name, std::string(name_of(spent.relation)), number(spent.epsilon),
        spent.at_least ? number(*spent.at_least) : "", spent.order ? fmt::format("{:.4g}", *spent.order) : "",
        std::string(name_of(spent.guarantee)));
    for (const std::string& warning : spent.warnings) warnings.insert(name + ": " + warning);
  }
  fmt::print("\n");
  for (const std::string& warning : warnings) fmt::print("{}\n", warning);
  if (!warnings.empty()) fmt::print("\n");
}

void print_bars(const PrivacyQuestion& q) {
  constexpr int kWidth = 48;
  const auto curve = epsilon_curve(*q.chosen, q.ledger(), q.delta, q.relation, 8);
  double longest = 0;
  for (const auto& [steps, epsilon] : curve) longest = std::max(longest, epsilon);
  if (!(longest > 0) || std::isinf(longest)) return;
  fmt::print("{:>10}  ε ({})\n", "steps", q.chosen->name);
  for (const auto& [steps, epsilon] : curve) {
    std::string bar;
    for (int k = 0; k < static_cast<int>(std::lround(kWidth * epsilon / longest)); ++k) bar += "█";
    fmt::print("{:>10}  {:<9} {}\n", steps, number(epsilon), bar);
  }
  fmt::print("\n");
}

/// The statement as lines of a terminal's width.
void print_wrapped(const std::string& text) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (column > 0 && column + 1 + end - at > 100) {
      fmt::print("\n");
      column = 0;
    }
    fmt::print("{}{}", column > 0 ? " " : "", text.substr(at, end - at));
    column += end - at + (column > 0 ? 1 : 0);
    at = end + 1;
  }
  fmt::print("\n");
}

}  // namespace

void print_answer(const PrivacyQuestion& q) {
  if (q.target_epsilon)
    fmt::print("noise multiplier {:.6g} for ε = {} at δ = {:g} in {} steps, by {}\n\n", q.mechanism.noise_multiplier,
               *q.target_epsilon, q.delta, q.steps, q.chosen->name);
  else if (q.mechanism.noise_multiplier == 0)
    fmt::print("Without noise there is no privacy: every ε is infinite.\n\n");
  fmt::print("{} sampling with q = {:.6g}, noise multiplier {:.6g}, {} steps ({:.4g} epochs), δ = {:g}\n\n",
             name_of(q.mechanism.sampling), q.mechanism.sampling_rate, q.mechanism.noise_multiplier, q.steps,
             static_cast<double>(q.steps) * q.mechanism.sampling_rate, q.delta);
  print_table(q);
  print_bars(q);
  print_wrapped(privacy_statement(*q.chosen, q.ledger(), q.delta, q.relation) + " " + privacy::uses_outside({}));
  if (q.examples)
    if (const std::string warning = privacy::delta_warning(q.delta, *q.examples); !warning.empty()) {
      fmt::print("\n");
      print_wrapped(warning);
    }
}

void write_plot(const PrivacyQuestion& q, const std::string& file) {
  plot::Figure figure;
  figure.name = "privacy";
  figure.title = fmt::format("Privacy loss at δ = {:g}", q.delta);
  figure.x_label = "steps";
  figure.y_label = "ε";
  for (const Accountant& accountant : privacy::accountants()) {
    if (!accountant.misfit(q.mechanism).empty() || (!q.all && &accountant != q.chosen)) continue;
    // Without a bounded domain the published formula would only stretch the axis.
    if (accountant.guarantee == privacy::Guarantee::paper_formula && !q.mechanism.domain && q.all) continue;
    plot::Series series;
    series.name = accountant.name;
    if (accountant.guarantee != privacy::Guarantee::certified) series.style = plot::SeriesStyle::dashed;
    for (const auto& [steps, epsilon] :
         epsilon_curve(accountant, q.ledger(), q.delta, relation_for(accountant, q), 40)) {
      series.x.push_back(static_cast<double>(steps));
      series.y.push_back(epsilon);
    }
    figure.series.push_back(std::move(series));
  }
  const plot::RenderOptions options{.width = 640, .height = 400};
  io::write_file_atomically(file, plot::svg_document(plot::render_svg({figure}, options).front()));
  fmt::print("\n{}\n", file);
}

}  // namespace talweg::app
