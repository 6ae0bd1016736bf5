#pragma once

#include "core/random/random_streams.h"
#include "tasks/triplets/comparison_data.h"
#include "tasks/triplets/factor_model.h"

namespace talweg::tasks {

// What recommenders that take no comparisons make of the same choices: winners as likes, or winners and losers as
// single opinions. Plain stochastic descent with a step of 0.05 and a decay of 0.01 per example, 20 passes, or as many
// as amount to 2·10⁷ steps; factors of the given rank and a bias of every item. float64 rows.

/// A winner is above an item that the user never preferred, drawn uniformly; who lost is not used. Source: Rendle et
/// al. 2009 (BPR) as applied to likes.
UtilityRows bayesian_personalised_ranking(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams);

/// Winners are likes and losers are dislikes, each by itself, as far as labels say; a bias of every user as well.
/// Source: Johnson 2014 (logistic matrix factorisation), with dislikes as they are instead of drawn.
UtilityRows logistic_matrix_factorisation(const ComparisonData& data, std::int64_t rank, const RandomStreams& streams);

}  // namespace talweg::tasks
