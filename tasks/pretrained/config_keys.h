#pragma once

#include "core/io/known_keys.h"

namespace talweg::tasks {

/// The known members of a config.json of the Hugging Face library, by model_type.
const io::KnownKeys& llama_config_keys();
const io::KnownKeys& gpt2_config_keys();
const io::KnownKeys& bert_config_keys();

/// Of "rope_scaling" and "rope_parameters" inside of it, for the kinds of scaling that are supported.
const io::KnownKeys& rotary_keys();

/// Of the adapter_config.json of the PEFT library, for LoRA.
const io::KnownKeys& lora_config_keys();

/// Of the metadata of a GGUF file in the namespaces of a model ("llama.…"), of the file ("general.…") and of its parts
/// ("split.…"). Other namespaces are remarks of other programs.
const io::KnownKeys& gguf_llama_keys();

}  // namespace talweg::tasks
