#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/weights/name_table.h"
#include "models/text/bert_encoder.h"

namespace talweg::tasks {

/// The shape that a config.json of model_type "bert" describes. Throws DataError: a missing or absurd number, a variant
/// that is not built here (relative positions, other activations, decoders), a member that is not known.
models::BertShape bert_shape(const nlohmann::json& config, const std::string& where);

/// Throws DataError when the shape asks for far more numbers than a file holds: a mistake in config.json must not cost
/// memory.
void check_bert_size(const models::BertShape& shape, std::int64_t numbers_in_file, const std::string& where);

/// config.json of an encoder, for the class `architecture` of the Hugging Face library.
nlohmann::json bert_config(const models::BertShape& shape, const std::string& architecture);

/// The names of the Hugging Face library beside those of models::BertEncoder. `prefix` is "bert." in models with a
/// head, else "".
weights::NameTable bert_names(const std::string& prefix);

/// Fills the encoder from a source. Names with and without "bert." are known; the heads of other tasks are passed over.
/// A pooler that is not there keeps its values. Throws DataError that lists what is missing, unexpected and mis-shaped.
void load_bert(models::BertEncoder& encoder, const weights::TensorSource& source);

/// Parameters under the names of the Hugging Face library.
weights::NamedTensors bert_tensors(models::BertEncoder& encoder, const std::string& prefix);

}  // namespace talweg::tasks
