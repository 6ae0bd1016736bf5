#include "app/privacy_question.h"

#include <fmt/format.h>

#include "core/error.h"

namespace talweg::app {

privacy::NeighbouringRelation relation_for(const privacy::Accountant& accountant, const PrivacyQuestion& question) {
  for (const privacy::NeighbouringRelation relation : accountant.relations)
    if (relation == question.relation) return relation;
  return accountant.default_relation();
}

std::vector<AccountantAnswer> answers(const PrivacyQuestion& question) {
  if (const std::string reason = question.chosen->misfit(question.mechanism); !reason.empty())
    throw ConfigError(fmt::format("the accountant '{}' {}", question.chosen->name, reason));
  const privacy::Ledger ledger = question.ledger();
  std::vector<AccountantAnswer> list;
  for (const privacy::Accountant& accountant : privacy::accountants()) {
    if (!question.all && &accountant != question.chosen) continue;
    AccountantAnswer& answer =
        list.emplace_back(AccountantAnswer{&accountant, accountant.misfit(question.mechanism), {}});
    if (answer.misfit.empty())
      answer.spent = accountant.spent(ledger, question.delta, relation_for(accountant, question));
  }
  return list;
}

}  // namespace talweg::app
