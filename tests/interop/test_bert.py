"""A folder written by the Hugging Face library loads here with the same ids and logits, and what we write loads there.

usage: test_bert.py TOOL   (tests/interop/text_model_tool.cpp)
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from torch_for_tests import import_torch

torch = import_torch()
try:
    import transformers
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
except ModuleNotFoundError as error:
    print(f"skipped: {error} (./test installs tests/requirements.txt)")
    sys.exit(77)

TOOL = sys.argv.pop(1)
TEXTS = ["The river runs down.", "a valley", "Naïve rivers, unknown words; 日本 run!", "down " * 40, "[MASK] the river"]


def write_folder(folder, outputs, shard):
    """A small classifier with random weights and a WordPiece tokenizer, in the layout of the library."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "river", "##s", "run", "##ning", "down", "a", "valley", ".", ",",
             "!", ";", "na", "##ive", "日"]
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        mask_token="[MASK]", model_max_length=64)
    torch.manual_seed(3)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=64, num_labels=outputs, id2label={i: f"kind {i}" for i in range(outputs)},
        label2id={f"kind {i}": i for i in range(outputs)}, problem_type="regression" if outputs == 1 else None)
    model = transformers.BertForSequenceClassification(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder, **({"max_shard_size": shard} if shard else {}))
    fast.save_pretrained(folder)
    return model, fast


def answers(model, tokenizer):
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        return batch["input_ids"], model(**batch).logits


class Bert(unittest.TestCase):
    def check(self, outputs, shard=None):
        with tempfile.TemporaryDirectory() as temporary:
            theirs, ours = pathlib.Path(temporary) / "theirs", pathlib.Path(temporary) / "ours"
            model, tokenizer = write_folder(theirs, outputs, shard)
            if shard:
                self.assertTrue((theirs / "model.safetensors.index.json").exists())
            ids, logits = answers(model, tokenizer)
            done = subprocess.run([TOOL, theirs, ours], input=json.dumps(TEXTS), capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual(found["ids"], ids.double().tolist())
            difference = (torch.tensor(found["logits"]) - logits).abs().max().item()
            self.assertLess(difference, 1e-5)
            self.assertGreater(logits.std().item(), 0.05, "the logits must tell something")

            again, info = transformers.AutoModelForSequenceClassification.from_pretrained(ours, output_loading_info=True)
            self.assertFalse(info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"], info)
            for (name, a), (_, b) in zip(model.named_parameters(), again.named_parameters(), strict=True):
                self.assertTrue(torch.equal(a, b), name)
            ids_again, logits_again = answers(again.eval(), transformers.AutoTokenizer.from_pretrained(ours))
            self.assertTrue(torch.equal(ids, ids_again))
            # The weights are the same bits; products of maps that lie elsewhere in memory may round otherwise.
            self.assertLess((logits - logits_again).abs().max().item(), 1e-6)

    def test_classes(self):
        self.check(3)

    def test_regression(self):
        self.check(1)

    def test_shards(self):
        self.check(2, shard="10KB")


if __name__ == "__main__":
    unittest.main(verbosity=2)
