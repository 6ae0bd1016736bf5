#include "app/privacy_json.h"

#include "core/io/json_number.h"
#include "core/privacy/epsilon_curve.h"
#include "core/privacy/statement.h"

namespace talweg::app {
namespace {

using io::json_number;
using Json = nlohmann::ordered_json;

Json answer_json(const AccountantAnswer& answer) {
  Json json{{"accountant", answer.accountant->name}};
  if (!answer.spent) {
    json["misfit"] = answer.misfit;
    return json;
  }
  const privacy::PrivacySpent& spent = *answer.spent;
  json["relation"] = name_of(spent.relation);
  json["epsilon"] = json_number(spent.epsilon);
  if (spent.at_least) json["at_least"] = json_number(*spent.at_least);
  if (spent.order) json["order"] = json_number(*spent.order);
  if (spent.last_steps) json["last_steps"] = *spent.last_steps;
  json["guarantee"] = name_of(spent.guarantee);
  json["assumptions"] = spent.assumptions;
  json["warnings"] = spent.warnings;
  return json;
}

}  // namespace

Json to_json(const PrivacyQuestion& q) {
  Json json{{"mechanism", privacy::to_json(q.mechanism)}, {"steps", q.steps}, {"delta", q.delta}};
  if (q.examples) json["examples"] = *q.examples;
  if (q.target_epsilon) json["target_epsilon"] = *q.target_epsilon;
  json["answers"] = Json::array();
  for (const AccountantAnswer& answer : answers(q)) json["answers"].push_back(answer_json(answer));
  json["chosen"] = q.chosen->name;
  json["epsilon_by_steps"] = Json::array();
  for (const auto& [steps, epsilon] : epsilon_curve(*q.chosen, q.ledger(), q.delta, q.relation, 40))
    json["epsilon_by_steps"].push_back({steps, json_number(epsilon)});
  json["statement"] = privacy_statement(*q.chosen, q.ledger(), q.delta, q.relation) + " " + privacy::uses_outside({});
  if (q.examples)
    if (const std::string warning = privacy::delta_warning(q.delta, *q.examples); !warning.empty())
      json["warning"] = warning;
  return json;
}

}  // namespace talweg::app
