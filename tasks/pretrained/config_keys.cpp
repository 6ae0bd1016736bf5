#include "tasks/pretrained/config_keys.h"

namespace talweg::tasks {
namespace {

using io::KnownKeys;

/// Members that every model of the library may have.
const KnownKeys& common_keys() {
  static const KnownKeys keys{
      .honoured = {"model_type", "vocab_size", "initializer_range", "bos_token_id", "eos_token_id", "pad_token_id"},
      // What the file says of itself, of the library's own programs, and of heads and tasks that are not read.
      .harmless = {"_name_or_path", "name_or_path", "architectures", "transformers_version", "transformers.js_config",
                   "torch_dtype", "dtype", "tokenizer_class", "unk_token_id", "sep_token_id", "cls_token_id",
                   "mask_token_id", "decoder_start_token_id", "use_cache", "gradient_checkpointing",
                   "use_gradient_checkpointing", "return_dict", "return_dict_in_generate", "output_hidden_states",
                   "output_attentions", "output_scores", "output_past", "torchscript", "use_bfloat16",
                   "chunk_size_feed_forward", "id2label", "label2id", "num_labels", "problem_type", "finetuning_task",
                   "task_specific_params", "attn_implementation", "_attn_implementation",
                   "_attn_implementation_autoset", "_attn_implementation_internal", "_flash_attn_2_enabled",
                   "onnx_export", "unsloth_version", "unsloth_fixed", "unsloth_optimized",
                   // how text is drawn is said when it is drawn
                   "max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups",
                   "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty",
                   "length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "num_return_sequences",
                   "remove_invalid_values"},
      .neutral = {},
      .needs = {{"auto_map", "code of its own"},
                {"quantization_config", "weights that are unpacked by the method it names"},
                {"compression_config", "weights that are unpacked by the method it names"},
                {"is_decoder", "a decoder that attends to an encoder"},
                {"is_encoder_decoder", "an encoder beside the decoder"},
                {"add_cross_attention", "attention to an encoder"},
                {"pruned_heads", "layers with different numbers of heads"},
                {"sliding_window", "attention to a window of the last tokens"},
                {"use_sliding_window", "attention to a window of the last tokens"},
                {"partial_rotary_factor", "rotary positions on a part of each head"},
                {"tie_encoder_decoder", "an encoder beside the decoder"}}};
  return keys;
}

}  // namespace

const KnownKeys& llama_config_keys() {
  static const KnownKeys keys =
      common_keys().with({.honoured = {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                                       "num_key_value_heads", "head_dim", "max_position_embeddings", "rope_theta",
                                       "rope_scaling", "rope_parameters", "rms_norm_eps", "tie_word_embeddings",
                                       "attention_bias", "attention_dropout", "mlp_bias", "hidden_act"},
                          // pretraining_tp: the same products in another order
                          .harmless = {"pretraining_tp", "is_llama_config", "max_sequence_length"},
                          .neutral = {{"partial_rotary_factor", 1.0}},
                          .needs = {{"rope_interleaved", "rotary positions of neighbouring numbers"},
                                    {"layer_types", "layers of different kinds"},
                                    {"no_rope_layers", "layers without rotary positions"}}});
  return keys;
}

const KnownKeys& gpt2_config_keys() {
  static const KnownKeys keys = common_keys().with(
      {.honoured = {"n_embd", "n_inner", "n_layer", "n_head", "n_positions", "layer_norm_epsilon",
                    "activation_function", "resid_pdrop", "embd_pdrop", "attn_pdrop", "tie_word_embeddings"},
       .harmless = {"n_ctx", "summary_*", "reorder_and_upcast_attn", "predict_special_tokens"},
       .neutral = {{"scale_attn_weights", true}},
       .needs = {{"scale_attn_weights", "attention that is not divided by the root of the head's size"},
                 {"scale_attn_by_inverse_layer_idx", "attention that is divided by the layer's number"}}});
  return keys;
}

const KnownKeys& bert_config_keys() {
  static const KnownKeys keys = common_keys().with(
      {.honoured = {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act",
                    "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "hidden_dropout_prob",
                    "attention_probs_dropout_prob", "position_embedding_type", "is_decoder", "text_pooling"},
       // the library ties the head for masked words, which is not read; "directionality" and "pooler_*" are of the
       // first program; the dropout of the head for classes is that of the configuration
       .harmless = {"tie_word_embeddings", "directionality", "pooler_*", "classifier_dropout"}});
  return keys;
}

const KnownKeys& rotary_keys() {
  static const KnownKeys keys{
      .honoured = {"rope_type", "type", "rope_theta", "factor", "low_freq_factor", "high_freq_factor",
                   "original_max_position_embeddings", "long_factor", "short_factor", "attention_factor"},
      .harmless = {"finetuned"},
      .neutral = {{"partial_rotary_factor", 1.0}},
      .needs = {{"partial_rotary_factor", "rotary positions on a part of each head"}}};
  return keys;
}

const KnownKeys& lora_config_keys() {
  static const KnownKeys keys{
      .honoured = {"peft_type", "r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "rank_pattern",
                   "alpha_pattern", "bias", "init_lora_weights"},
      // fan_in_fan_out follows from the model, as in the library; layers_pattern, megatron_core and
      // qalora_group_size mean something beside members that are refused
      .harmless = {"auto_mapping", "base_model_name_or_path", "inference_mode", "revision", "task_type", "peft_version",
                   "fan_in_fan_out", "layers_pattern", "megatron_core", "qalora_group_size", "runtime_config",
                   "eva_config"},
      .neutral = {},
      .needs = {{"modules_to_save", "modules that are trained beside the adapters"},
                {"use_dora", "matrices that are divided into length and direction (DoRA)"},
                {"use_qalora", "adapters on pooled inputs (QA-LoRA)"},
                {"lora_bias", "biases in the adapters"},
                {"layers_to_transform", "adapters on some layers only"},
                {"layer_replication", "layers that are repeated"},
                {"exclude_modules", "modules that are left out"},
                {"target_parameters", "adapters on parameters that are no modules"},
                {"trainable_token_indices", "rows of the embedding that are trained beside the adapters"},
                {"ensure_weight_tying", "adapters on tied embeddings"},
                {"alora_invocation_tokens", "adapters that act behind certain tokens only"}}};
  return keys;
}

const KnownKeys& gguf_llama_keys() {
  static const KnownKeys keys{
      .honoured = {"general.architecture", "general.alignment", "llama.block_count", "llama.context_length",
                   "llama.embedding_length", "llama.feed_forward_length", "llama.attention.head_count",
                   "llama.attention.head_count_kv", "llama.attention.key_length", "llama.attention.value_length",
                   "llama.attention.layer_norm_rms_epsilon", "llama.rope.freq_base", "llama.rope.dimension_count",
                   "llama.rope.scaling.type", "llama.rope.scaling.factor", "llama.rope.scale_linear"},
      // "general.type" is looked at by its value; the original length says nothing where scaling is none or linear
      .harmless = {"general.*", "split.no", "split.tensors.count", "llama.vocab_size", "llama.tensor_data_layout",
                   "llama.rope.scaling.original_context_length", "llama.rope.scaling.finetuned"},
      .neutral = {{"llama.attention.causal", true},
                  {"llama.rope.scaling.attn_factor", 1.0},
                  {"llama.logit_scale", 1.0},
                  {"llama.logit_scale", 0.0},
                  {"llama.embedding_scale", 1.0},
                  {"llama.embedding_scale", 0.0},
                  {"llama.residual_scale", 1.0},
                  {"llama.residual_scale", 0.0},
                  {"split.count", 1}},
      .needs = {{"split.count", "the other files of the model"},
                {"llama.rope.scaling.attn_factor", "attention that is scaled with the positions"},
                {"llama.rope.scaling.yarn_log_multiplier", "positions scaled as by YaRN"},
                {"llama.attention.sliding_window", "attention to a window of the last tokens"},
                {"llama.expert_count", "perceptrons that are chosen by the token"},
                {"llama.attention.causal", "attention to later tokens"}}};
  return keys;
}

}  // namespace talweg::tasks
