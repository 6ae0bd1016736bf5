#pragma once

#include "core/privacy/accountant.h"

namespace talweg::privacy {

// The accountants, one file per sampler they are for.
Accountant sgm_rdp_accountant();
Accountant pld_accountant();
Accountant gdp_accountant();
Accountant wor_rdp_accountant();
Accountant shuffle_gauss_accountant();
Accountant dc_shuffle_accountant();
Accountant dc_wor_accountant();
Accountant paper_gc_accountant();
Accountant paper_dc_accountant();

// What several of them say about a mechanism, as the end of a sentence; empty when it fits.
std::string poisson_misfit(const Mechanism& mechanism);
std::string without_replacement_misfit(const Mechanism& mechanism);
std::string epoch_misfit(const Mechanism& mechanism);
/// Conditions on a mechanism that bounds for a hidden state on a bounded domain need.
std::string bounded_domain_misfit(const Mechanism& mechanism);

/// The one entry of a ledger for bounds that hold for constant steps only; throws ConfigError naming the accountant.
const Ledger::Entry& only_entry(const Ledger& ledger, const char* accountant);

/// "The best order … is the end of the range that was tried" when it is.
std::vector<std::string> order_warnings(bool at_end, double order);

}  // namespace talweg::privacy
