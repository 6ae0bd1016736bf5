"""Language models as a user runs them: training, kill and resume, text, export, and the Hugging Face library's own opinion."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
import unittest

from talweg_case import SOURCE, TalwegCase

sys.path.insert(0, str(SOURCE / "tests/interop"))
try:
    from torch_for_tests import import_torch
    torch = import_torch()
    import transformers
except (ImportError, SystemExit):
    transformers = None

TINY = """\
name: tiny
device: cpu
task:
  type: language_modeling
  data: {type: word_chain, length: 2000}
  model: {type: llama, width: 32, layers: 2, heads: 4, key_value_heads: 2, feed_forward: 48}
  length: 32
  evaluation: {share: 0.05}
  samples: {prompts: ["qa ", "no"], max_tokens: 8}
optimizer: {type: adamw, learning_rate: 1e-2}
training: {steps: 40, batch_size: 8, micro_batch_size: 4, log_every: 5, evaluate_every: 20}
checkpoint: {every: 1}
"""
SCALED = [{"rope_type": "linear", "factor": 3.0, "rope_theta": 1e4},
          {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16,
           "rope_theta": 1e4},
          {"rope_type": "longrope", "long_factor": [1, 1, 1.5, 2, 3, 4, 8, 8], "short_factor": [1, 1, 1.5, 2, 3, 4, 8, 8], "factor": 1.0,
           "attention_factor": 1.0, "original_max_position_embeddings": 64, "rope_theta": 1e4}]
needs_transformers = unittest.skipIf(transformers is None, "the Python package transformers is not there")


class LanguageModels(TalwegCase):
    def setUp(self):
        super().setUp()
        os.environ["TALWEG_CACHE_DIR"] = str(self.folder / "cache")

    def train(self, text=TINY, run="run"):
        self.run_talweg("train", self.write("x.yaml", text), "--output", run, "--quiet")
        return self.folder / run

    def summary(self, run):
        return json.loads((run / "summary.json").read_text())

    def test_sharpness_of_a_decoder_is_measured(self):
        file = self.write("tiny.yaml", TINY.replace("steps: 40", "steps: 2") + "diagnostics: {sharpness: {every: 1, examples: 8}}\n")
        self.run_talweg("train", file, "--output", "run")
        values = [record["curvature/sharpness"] for record in self.metrics(self.folder / "run") if "curvature/sharpness" in record]
        self.assertEqual(len(values), 3)
        self.assertGreater(min(values), 0)

    def test_a_run_learns_and_shows_what_it_writes(self):
        run = self.train()
        records = self.metrics(run)
        losses = [record["eval/loss"] for record in records if "eval/loss" in record]
        self.assertGreater(losses[0], 5)  # about ln 257
        self.assertLess(losses[-1], 3)
        samples = json.loads((run / "samples.json").read_text())
        self.assertEqual([(s["step"], s["prompt"]) for s in samples], [(0, "qa "), (0, "no"), (40, "qa "), (40, "no")])
        report = (run / "report.html").read_text()
        self.assertIn("Samples", report)
        self.assertIn(samples[-1]["continuation"].replace("<", "&lt;")[:4], report)

    def test_killed_and_resumed_bit_for_bit(self):
        generator = random.Random(5)
        text = TINY.replace("steps: 40", "steps: 120").replace("  length: 32", "  length: 32\n  activation_checkpointing: true")
        undisturbed = self.train(text, "undisturbed")
        file, run = self.folder / "x.yaml", self.folder / "disturbed"
        for _ in range(3):
            started = (run / "config.yaml").exists()
            process = self.start_talweg(*(["resume", run] if started else ["train", file, "--output", run]), "--quiet")
            seen = len(list((run / "checkpoints").glob("step-*"))) if started else 0
            while not list((run / "checkpoints").glob("step-*")) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(generator.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.run_talweg("resume", run, "--quiet")
        self.assertEqual(self.final_weights(undisturbed), self.final_weights(run))
        self.assertEqual(self.metrics(undisturbed), self.metrics(run))
        self.assertEqual((undisturbed / "samples.json").read_text(), (run / "samples.json").read_text())

    def test_generate_streams_and_obeys(self):
        run = self.train()
        first = self.run_talweg("generate", run, "--prompt", "qa ", "--max-tokens", "20").stdout
        self.assertEqual(first, self.run_talweg("generate", run, "--prompt", "qa ", "--max-tokens", "20").stdout)
        samples = json.loads((run / "samples.json").read_text())
        self.assertTrue(first.startswith(samples[2]["continuation"]))
        drawn = [self.run_talweg("generate", run, "--prompt", "qa ", "--temperature", "2", "--seed", seed).stdout for seed in (1, 1, 2)]
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])
        packed = self.run_talweg("generate", run, "--prompt", "qa ", "--max-tokens", "20", "--weights", "bfloat16").stdout
        self.assertEqual(len(packed), len(first))
        for wrong, words in [(["--prompt", "x", "--top-p", "2"], "--top-p takes a number"), ([], "either --prompt or --chat"),
                             (["--prompt", "x", "--weights", "int3"], "float32, bfloat16 or blocks"),
                             (["--prompt", "x", "--weights", "blocks"], "GGUF")]:
            self.assertIn(words, self.run_talweg("generate", run, *wrong, code=2).stderr)
        self.run_talweg("generate", self.folder, "--prompt", "x", code=4)
        text = self.write("text.txt", "neither this nor that")
        self.assertIn("neither a GGUF file nor a folder", self.run_talweg("generate", text, "--prompt", "x", code=4).stderr)
        self.assertIn("there is no", self.run_talweg("generate", "gone", "--prompt", "x", code=4).stderr)

    @needs_transformers
    def test_an_export_says_the_same_in_the_hugging_face_library(self):
        for model in ("{type: llama, width: 32, layers: 2, heads: 4, key_value_heads: 2, feed_forward: 48, tied: false}",
                      "{type: llama, width: 32, layers: 2, heads: 4, feed_forward: 48, tied: true, rotary_base: 50000}",
                      "{type: gpt2, width: 32, layers: 2, heads: 4, dropout: 0}"):
            with self.subTest(model=model):
                text = TINY.replace("{type: llama, width: 32, layers: 2, heads: 4, key_value_heads: 2, feed_forward: 48}", model)
                name = str(abs(hash(model)))
                run = self.train(text, "run" + name)
                self.run_talweg("export", run, "export" + name)
                self.compare_with_transformers(run, self.folder / ("export" + name))

    def compare_with_transformers(self, run, export):
        """What the run writes greedily, and the loss of the exported weights on a text, computed by the Hugging Face library."""
        model = transformers.AutoModelForCausalLM.from_pretrained(export, dtype=torch.float32).eval()
        ids = torch.tensor([list(b"qa ")])
        with torch.no_grad():
            for _ in range(12):
                ids = torch.cat([ids, model(ids).logits[:, -1].argmax(1, keepdim=True)], 1)
        wanted = bytes(i for i in ids[0, 3:].tolist() if i < 256).decode(errors="replace")
        written = self.run_talweg("generate", run, "--prompt", "qa ", "--max-tokens", "12").stdout[:-1]
        self.assertEqual(written, wanted[:len(written)])
        self.write_byte_tokenizer(export)
        self.assertAlmostEqual(*self.losses_of(model, export, run.name), delta=2e-5)

    def losses_of(self, model, folder, name):
        """The mean cross-entropy of one text under the weights in `folder`: ours, and that of `model`."""
        corpus = self.write("corpus.txt", "Line by line goes the text.\n" * 20)
        data = f"{{type: text, path: {corpus}}}"
        run = self.train(f"device: cpu\ntask: {{type: language_modeling, pretrained: {folder}, data: {data}, length: 24, "
                         f"end_of_document: false, evaluation: {{data: {data}, batch_size: 3}}}}\noptimizer: {{type: sgd, "
                         "learning_rate: 1e-9}\ntraining: {steps: 1, batch_size: 2}\n", "loss-of-" + name)
        ids = torch.tensor([list(corpus.read_bytes())])
        total = 0.0
        with torch.no_grad():
            for begin in range(0, ids.shape[1] - 1, 24):
                part = ids[:, begin:begin + 25]
                logits = model(part[:, :-1]).logits[0]
                total += torch.nn.functional.cross_entropy(logits, part[0, 1:], reduction="sum").item()
        return next(r["eval/loss"] for r in self.metrics(run) if "eval/loss" in r), total / (ids.shape[1] - 1)

    @needs_transformers
    def test_a_folder_of_the_hugging_face_library_is_trained_further(self):
        torch.manual_seed(0)
        shape = dict(vocab_size=300, bos_token_id=0, eos_token_id=None, initializer_range=0.2)
        for config, shards in [
                (transformers.LlamaConfig(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                          num_key_value_heads=2, max_position_embeddings=64, rope_theta=2e4, **shape), "30KB"),
                *((transformers.LlamaConfig(hidden_size=64, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4,
                                            max_position_embeddings=64, rope_parameters=rope, **shape), "5GB") for rope in SCALED),
                (transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, **shape), "5GB")]:
            name = config.model_type + getattr(config, "rope_parameters", {}).get("rope_type", "")
            with self.subTest(name):
                model = transformers.AutoModelForCausalLM.from_config(config).eval()
                folder = self.folder / name
                model.save_pretrained(folder, max_shard_size=shards)
                self.write_byte_tokenizer(folder)
                self.assertAlmostEqual(*self.losses_of(model, folder, name), delta=2e-5)
                run, ids = self.folder / ("loss-of-" + name), torch.tensor([list(b"Line by line goes the text.\nLine by")])
                self.run_talweg("export", run, folder.name + "-again")
                again = transformers.AutoModelForCausalLM.from_pretrained(self.folder / (folder.name + "-again"), dtype=torch.float32)
                with torch.no_grad():
                    difference = (again(ids).logits - model(ids).logits).abs().max().item()
                self.assertLess(difference, 1e-4)

    @staticmethod
    def write_byte_tokenizer(folder, *special):
        """Byte-level BPE without merges, whose ids are the bytes, and special tokens from 256 on."""
        visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
        letters, extra = {}, 0
        for byte in range(256):
            if byte in visible:
                letters[byte] = chr(byte)
            else:
                letters[byte] = chr(256 + extra)
                extra += 1
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        (folder / "tokenizer.json").write_text(json.dumps({
            "version": "1.0", "added_tokens": [
                {"id": 256 + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                 "special": True} for i, token in enumerate(special)], "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None,
            "decoder": byte_level, "model": {"type": "BPE", "vocab": {letters[b]: b for b in range(256)}, "merges": []}}))

    def test_an_answer_ends_where_the_template_ends(self):
        self.write_byte_tokenizer(self.folder, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
        lines = [json.dumps({"prompt": f"q {i % 4}", "response": f"is {i % 4}"}) for i in range(40)]
        corpus = self.write("chat.jsonl", "\n".join(lines) + "\n")
        run = self.train(f"""\
device: cpu
task:
  type: language_modeling
  data: {{type: chat, path: {corpus}, system: "It's S."}}
  tokenizer: {self.folder / 'tokenizer.json'}
  model: {{type: llama, width: 48, layers: 2, heads: 4, feed_forward: 96}}
  length: 64
  sequences: documents
optimizer: {{type: adamw, learning_rate: 5e-3}}
training: {{steps: 120, batch_size: 16}}
""", "chat")
        self.assertLess(self.summary(run)["metrics"]["eval/loss"], 0.1)
        self.assertEqual(self.run_talweg("generate", run, "--chat", "q 3", "--max-tokens", "40").stdout, "is 3\n")
        self.run_talweg("export", run, "spoken")
        self.assertEqual(self.run_talweg("generate", "spoken", "--chat", "q 2", "--max-tokens", "40").stdout, "is 2\n")
        if transformers is None:
            return
        tokenizer = transformers.AutoTokenizer.from_pretrained(self.folder / "spoken")
        model = transformers.AutoModelForCausalLM.from_pretrained(self.folder / "spoken")
        text = tokenizer.apply_chat_template([{"role": "user", "content": "q 1"}], add_generation_prompt=True, tokenize=False)
        self.assertEqual(text, "<|im_start|>system\nIt's S.<|im_end|>\n<|im_start|>user\nq 1<|im_end|>\n<|im_start|>assistant\n")
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
        written = model.generate(ids, max_new_tokens=40, do_sample=False)[0, ids.shape[1]:]
        self.assertEqual(tokenizer.decode(written), "is 1<|im_end|>")

    def test_prompts_that_fill_their_sequences_are_said_or_refused(self):
        self.write_byte_tokenizer(self.folder, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
        short, long = json.dumps({"prompt": "q", "response": "a"}), json.dumps({"prompt": "long " * 40, "response": "a"})
        text = f"""\
device: cpu
task:
  type: language_modeling
  data: {{type: chat, path: {self.folder / 'c.jsonl'}, system: ""}}
  tokenizer: {self.folder / 'tokenizer.json'}
  model: {{type: llama, width: 16, layers: 1, heads: 2, feed_forward: 24}}
  length: 64
  sequences: documents
optimizer: sgd
training: {{steps: 2, batch_size: 2}}
"""
        configuration = self.write("c.yaml", text)
        self.write("c.jsonl", "\n".join([short, long] * 20))
        said = self.run_talweg("train", configuration, "--output", "mixed").stderr
        self.assertRegex(said, "1[89] of 38 sequences of the training data have no token that is trained on within 64 tokens")
        self.write("c.jsonl", "\n".join([long] * 20))
        said = self.run_talweg("train", configuration, "--output", "filled", code=4).stderr
        self.assertIn("none of the 19 sequences of the training data", said)

    @needs_transformers
    def test_adapters_merge_and_travel_in_pefts_layout(self):
        torch.manual_seed(0)
        config = transformers.LlamaConfig(vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                                          num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=64,
                                          bos_token_id=0, eos_token_id=None, initializer_range=0.2)
        base = self.folder / "base"
        transformers.LlamaForCausalLM(config).save_pretrained(base)
        self.write_byte_tokenizer(base)
        corpus = self.write("corpus.txt", "Line by line goes the text.\n" * 30)
        task = (f"{{type: language_modeling, pretrained: {base}, data: {{type: text, path: {corpus}}}, length: 24, "
                "adapter: ADAPTER}")
        text = f"device: cpu\ntask: {task}\noptimizer: {{type: adamw, learning_rate: 1e-2}}\ntraining: {{steps: 20, batch_size: 4}}\n"
        run = self.train(text.replace("ADAPTER", "{rank: 3, alpha: 7, targets: [query, down]}"))
        # Checkpoints leave out what rests, and refuse another base.
        size = sum(file.stat().st_size for file in next((run / "checkpoints").glob("step-*")).iterdir())
        self.assertLess(size, (base / "model.safetensors").stat().st_size / 2)
        kept = (base / "model.safetensors").read_bytes()
        transformers.LlamaForCausalLM(config).save_pretrained(base)
        self.assertIn("put the original file back", self.run_talweg("export", run, "wrong", code=4).stderr)
        (base / "model.safetensors").write_bytes(kept)
        self.run_talweg("export", run, "merged")
        self.run_talweg("export", run, "adapters", "--format", "peft")
        settings = json.loads((self.folder / "adapters/adapter_config.json").read_text())
        self.assertEqual((settings["r"], settings["lora_alpha"], settings["target_modules"]), (3, 7, ["down_proj", "q_proj"]))
        ids = torch.tensor([list(b"Line by line goes")])
        with torch.no_grad():
            merged = transformers.AutoModelForCausalLM.from_pretrained(self.folder / "merged", dtype=torch.float32)(ids).logits
            original = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
            self.assertGreater((original(ids).logits - merged).abs().max().item(), 0.1)
            # W + alpha/r·B·A by hand, from the file as PEFT lays it out.
            from safetensors.torch import load_file
            weights = load_file(self.folder / "adapters/adapter_model.safetensors")
            for name, module in original.named_modules():
                stem = f"base_model.model.{name}."
                if stem + "lora_A.weight" in weights:
                    module.weight += 7 / 3 * weights.pop(stem + "lora_B.weight") @ weights.pop(stem + "lora_A.weight")
            self.assertEqual(weights, {})
            self.assertLess((original(ids).logits - merged).abs().max().item(), 1e-4)
        # Starting from these adapters is starting where the run ended.
        again = self.train(text.replace("ADAPTER", f"{{weights: {self.folder / 'adapters'}}}").replace("steps: 20", "steps: 1"), "again")
        self.assertAlmostEqual(self.metrics(again)[0]["eval/loss"], self.summary(run)["metrics"]["eval/loss"], delta=1e-6)

    def test_adapters_continue_bit_for_bit(self):
        self.train(TINY.replace("steps: 40", "steps: 1"), "first")
        self.run_talweg("export", "first", "base")
        text = TINY.replace("model: {type: llama, width: 32, layers: 2, heads: 4, key_value_heads: 2, feed_forward: 48}",
                            f"pretrained: {self.folder / 'base'}\n  adapter: {{rank: 2, dropout: 0.1}}").replace("steps: 40", "steps: 150")
        undisturbed = self.train(text, "undisturbed")
        run = self.folder / "disturbed"
        process = self.start_talweg("train", self.folder / "x.yaml", "--output", run, "--quiet")
        while not list((run / "checkpoints").glob("step-*")) and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.run_talweg("resume", run, "--quiet")
        self.assertEqual(self.final_weights(undisturbed), self.final_weights(run))
        self.assertEqual(self.metrics(undisturbed), self.metrics(run))

    def test_a_full_disk_keeps_the_earlier_export(self):
        run = self.train(TINY.replace("width: 32", "width: 256"))
        small = self.folder / "small"
        small.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small]).returncode != 0:
            self.skipTest("needs the right to mount a small file system")
        try:
            self.run_talweg("export", run, small / "model")
            before = {file.name: file.read_bytes() for file in (small / "model").iterdir()}
            self.assertIn("No space left", self.run_talweg("export", run, small / "model", code=1).stderr)
            self.assertEqual({file.name: file.read_bytes() for file in (small / "model").iterdir()}, before)
            self.assertEqual([entry.name for entry in small.iterdir()], ["model"])
        finally:
            subprocess.run(["umount", small], check=True)

    def test_what_cannot_be_exported_is_explained(self):
        run = self.train()
        self.assertIn("trained no adapters", self.run_talweg("export", run, "out", "--format", "peft", code=2).stderr)
        (self.folder / "precious").mkdir()
        (self.folder / "precious/letters.txt").write_text("dear")
        self.run_talweg("export", run, "precious", code=3)
        self.assertEqual((self.folder / "precious/letters.txt").read_text(), "dear")
        self.assertIn("not a run directory", self.run_talweg("export", self.folder / "cache", "out", code=2).stderr)


if __name__ == "__main__":
    unittest.main()
