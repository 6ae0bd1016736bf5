#pragma once

#include "tasks/contextual_forecast/move_source.h"
#include "tasks/contextual_forecast/ticker_list.h"

namespace talweg::tasks {

/// What becomes of a day on which a chosen asset has no price.
enum class MissingPrices {
  drop,   ///< the day is left out for all assets
  carry,  ///< the price of the day before stands; days before an asset's first price are left out
};
inline std::vector<std::pair<std::string, MissingPrices>> choices(MissingPrices) {
  return {{"drop", MissingPrices::drop}, {"carry", MissingPrices::carry}};
}

struct PriceCsvOptions {
  std::string path;
  TickerList tickers;
  std::string from, to;
  MissingPrices missing = MissingPrices::drop;
};
void declare(config::Fields& f, PriceCsvOptions& o);

/// Prices from delimited text, plain or gzip: a header with a column of days and a column per ticker, days ascending as
/// year-month-day, empty fields (also "nan", "NA") where a price is missing. Throws DataError with file and line, and
/// ConfigError with the place in the configuration for a ticker that the file does not have.
MoveData read_price_csv(const PriceCsvOptions& options);

struct SymbolCsvOptions {
  std::string path;
  TickerList columns;
};
void declare(config::Fields& f, SymbolCsvOptions& o);

/// Symbols from delimited text, plain or gzip: a header with a name per column, then a row per time with a number from
/// 0 in each. Throws DataError and ConfigError as above.
MoveData read_symbol_csv(const SymbolCsvOptions& options);

}  // namespace talweg::tasks
