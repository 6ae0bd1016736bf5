#pragma once

namespace talweg::tasks {

/// Registers the text backbone `decoder`: a pretrained language model (GGUF file or Hugging Face folder) whose states,
/// read at the last token, heads for classification and regression stand on. Calling it again does nothing.
void register_decoder_backbone();

}  // namespace talweg::tasks
